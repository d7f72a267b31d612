/**
 * Passwords, PINs, passphrases and tokens: from a private file or a prompt, never from the command line.
 *
 * @module
 */
import { secretInFile } from '@quorate/wire';
import { readOperatorFile, UnreadableFile } from '@quorate/wire/files';
import type { Stats } from 'node:fs';
import { CliError, messageOf, usageError } from './errors.ts';
import { promptSecret } from './terminal/prompt.ts';

const LARGEST = 64 * 1024;

/**
 * Reads a file that only its owner may read, and strips what editors put around the secret.
 *
 * @throws CliError `usage` when the file is absent, empty, too large or readable by others
 */
export function readSecretFile(path: string, what: string): Uint8Array {
  const file = `${what} file ${path}`;
  const content = readPrivate(path, file);
  try {
    const read = secretInFile(content);
    if (!read.ok) throw usageError(`${file} ${read.problem}`);
    return read.secret;
  } finally {
    content.fill(0);
  }
}

function readPrivate(path: string, file: string): Uint8Array {
  try {
    return readOperatorFile(path, {
      most: LARGEST,
      check: (stats) => checkMode(path, file, stats),
    });
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (!(error instanceof UnreadableFile)) {
      throw usageError(`${file} cannot be read: ${messageOf(error)}`);
    }
    throw usageError(
      error.kind === 'too-large' ? `${file} ${error.message}` : `${file} is not a file`,
    );
  }
}

function checkMode(path: string, file: string, { mode }: Stats): void {
  if ((mode & 0o077) === 0) return;
  throw usageError(
    `${file} can be read by others (mode ${(mode & 0o777).toString(8)})`,
    `run: chmod 600 ${path}`,
  );
}

/** How to ask for a secret when no file is given. */
export interface SecretQuestion {
  /** The question, e.g. `Password of alice`. */
  readonly question: string;
  /** The option that gives a file instead, e.g. `--password-file`. */
  readonly option: string;
  /** Ask twice, since the typing is invisible. */
  readonly confirm?: boolean;
}

/**
 * A secret from the file, or from the person at the terminal. The caller wipes it.
 *
 * @throws CliError `usage`
 */
export async function obtainSecret(
  file: string | undefined,
  asked: SecretQuestion,
): Promise<Uint8Array> {
  // `--new-pin-file` names the `new-pin file`.
  if (file !== undefined) return readSecretFile(file, asked.option.replace(/^--|-file$/g, ''));
  const secret = await promptSecret(asked.question, `${asked.option} FILE`);
  if (secret.length === 0) throw usageError(`${asked.question}: nothing was typed`);
  if (asked.confirm !== true) return secret;
  const again = await promptSecret(`${asked.question} again`, `${asked.option} FILE`);
  const same = Buffer.compare(secret, again) === 0;
  again.fill(0);
  if (!same) {
    secret.fill(0);
    throw usageError(`${asked.question}: the two differ`);
  }
  return secret;
}

/** Runs `use` with the secret as text and wipes the bytes; the text itself is garbage to be collected. */
export async function withSecretText<T>(
  secret: Uint8Array,
  use: (text: string) => Promise<T>,
): Promise<T> {
  try {
    return await use(new TextDecoder('utf-8', { fatal: true }).decode(secret));
  } finally {
    secret.fill(0);
  }
}
