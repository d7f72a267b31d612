/**
 * Tokens withdrawn before they expire: one file each, so that a command can add one while the server runs, and
 * the next request finds it.
 */
import { makePrivateDirectory, readIfPresent, replaceFile } from '@quorate/holder';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { parsedJson } from './json.ts';

/** A withdrawal: of one token, or of all tokens of a name made until then. */
export type Withdrawal =
  | { readonly jti: string; readonly at: number }
  | { readonly name: string; readonly at: number };

/** The claims of a token; times in seconds. */
export interface TokenClaims {
  readonly sub: string;
  readonly jti?: string | undefined;
  readonly iat?: number | undefined;
}

const at = z.int().nonnegative();
const withdrawalSchema: z.ZodType<Withdrawal> = z.union([
  z.strictObject({ jti: z.string(), at }),
  z.strictObject({ name: z.string(), at }),
]);

/** Names of files are hashes, because an id may be any text of the tokens' issuer. */
function fileOf(directory: string, kind: 'jti' | 'name', text: string): string {
  const hash = createHash('sha256').update(text, 'utf8').digest('hex');
  return join(directory, `${kind}-${hash}`);
}

/** Withdraws; on disk when the call returns. */
export function withdraw(directory: string, withdrawal: Withdrawal): void {
  makePrivateDirectory(directory);
  const file =
    'jti' in withdrawal
      ? fileOf(directory, 'jti', withdrawal.jti)
      : fileOf(directory, 'name', withdrawal.name);
  replaceFile(file, `${JSON.stringify(withdrawal)}\n`);
}

/**
 * Whether a token is withdrawn. A file that exists and cannot be understood counts, and one that cannot be
 * examined is an error: neither lets a token in.
 */
export function isWithdrawn(directory: string, { sub, jti, iat }: TokenClaims): boolean {
  if (jti !== undefined && readIfPresent(fileOf(directory, 'jti', jti)) !== undefined) return true;
  const ofName = readIfPresent(fileOf(directory, 'name', sub));
  if (ofName === undefined) return false;
  const parsed = withdrawalSchema.safeParse(parsedJson(ofName));
  return !parsed.success || iat === undefined || iat <= parsed.data.at;
}

/** All withdrawals, newest first. */
export function withdrawals(directory: string): Withdrawal[] {
  makePrivateDirectory(directory);
  return readdirSync(directory)
    .flatMap((name) => {
      const content = readIfPresent(join(directory, name)) ?? '';
      const parsed = withdrawalSchema.safeParse(parsedJson(content));
      return parsed.success ? [parsed.data] : [];
    })
    .toSorted((a, b) => b.at - a.at);
}
