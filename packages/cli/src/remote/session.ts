/**
 * The login of a person at this machine: a private file with the coordinator's address and the tokens.
 *
 * @module
 */
import { existsSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { describeJsonProblem, parseJson } from '@quorate/wire';
import { z } from 'zod';
import { CliError, usageError } from '../errors.ts';
import { EXIT } from '../exitCodes.ts';
import { writeDurably } from '../files.ts';
import { readSecretFile } from '../secrets.ts';

/** The content of the login file. Secret. */
export interface Login {
  readonly format: 'quorate-login/v1';
  /** The coordinator. */
  readonly url: string;
  /** Its certificate authority, PEM. */
  readonly ca?: string | undefined;
  readonly username: string;
  readonly roles: string[];
  readonly access_token: string;
  readonly refresh_token: string;
  /** Milliseconds since 1970. */
  readonly expires_at: number;
}

const LoginFile: z.ZodType<Login> = z.strictObject({
  format: z.literal('quorate-login/v1'),
  url: z.url(),
  ca: z.string().optional(),
  username: z.string(),
  roles: z.array(z.string()),
  access_token: z.string(),
  refresh_token: z.string(),
  expires_at: z.number(),
});

/** Where the login is kept when no `--login` names another file. */
export function defaultLoginPath(environment: NodeJS.ProcessEnv = process.env): string {
  const named = environment['QUORATE_LOGIN'];
  if (named !== undefined && named !== '') return named;
  const base = environment['XDG_CONFIG_HOME'] || join(home(), '.config');
  return join(base, 'quorate', 'login.json');
}

function home(): string {
  try {
    const directory = homedir();
    if (isAbsolute(directory)) return directory;
  } catch {
    // There is neither a HOME nor an entry for this user.
  }
  throw usageError('no home directory for the login file', 'use --login FILE or QUORATE_LOGIN');
}

/**
 * Reads the login.
 *
 * @throws CliError `not_logged_in`
 */
export function readLogin(path: string): Login {
  if (!existsSync(path)) {
    throw new CliError('not_logged_in', `not logged in: there is no login file ${path}`, {
      exit: EXIT.unauthorised,
      hint: 'run: quorate users login --url URL --username NAME',
    });
  }
  const bytes = readSecretFile(path, 'login');
  try {
    const json = parseJson(bytes);
    if (!json.ok) throw usageError(`${path}: ${describeJsonProblem(json)}`, 'log in again');
    const parsed = LoginFile.safeParse(json.value);
    if (!parsed.success) throw usageError(`${path} is not a login file`, 'log in again');
    return parsed.data;
  } finally {
    bytes.fill(0);
  }
}

/** The login that the file holds already, if it is one of this user at this coordinator. */
export function earlierLogin(
  path: string,
  { url, username }: Pick<Login, 'url' | 'username'>,
): Login | undefined {
  try {
    const login = readLogin(path);
    return login.url === url && login.username === username ? login : undefined;
  } catch {
    // A file that is no login is overwritten by the new one, like one that is missing.
    return undefined;
  }
}

/** Writes the login, mode 0600. */
export function writeLogin(path: string, login: Omit<Login, 'format'>): void {
  const content = { format: 'quorate-login/v1', ...login };
  writeDurably(path, `${JSON.stringify(content)}\n`, { private: true, makeDirectory: true });
}

/** Removes the login file. */
export function removeLogin(path: string): void {
  rmSync(path, { force: true });
}
