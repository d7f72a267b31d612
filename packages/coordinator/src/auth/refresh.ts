import { createHash, randomBytes } from 'node:crypto';
import type { Tx } from '../store/database.ts';
import { type LoginEnd, noteEnd, touchLogin } from './logins.ts';
import { revoke } from './tokens.ts';
import { findUser, type UserRecord } from './users.ts';

/** A new refresh token, or why there is none. */
export type Renewal =
  | {
      readonly status: 'renewed';
      readonly user: UserRecord;
      readonly family: string;
      readonly token: string;
      readonly expiresAt: number;
    }
  | { readonly status: 'reused'; readonly username: string; readonly family: string }
  | { readonly status: 'refused'; readonly username: string | undefined };

interface RefreshRow {
  token_hash: string;
  family: string;
  username: string;
  generation: number;
  state: 'active' | 'used' | 'revoked';
  expires_at: number;
}

/** Starts a family of refresh tokens at login; all of its tokens expire at the same time. */
export async function startFamily(
  tx: Tx,
  user: UserRecord,
  at: number,
  lifetime: number,
): Promise<{ family: string; token: string }> {
  const family = randomBytes(16).toString('base64url');
  const token = await addToken(tx, { user, family, at, expiresAt: at + lifetime });
  return { family, token };
}

/**
 * Exchanges a refresh token for the next one of its family.
 *
 * A token presented twice has been copied: from then on the whole family is void, including its access tokens.
 */
export async function renew(tx: Tx, token: string, at: number): Promise<Renewal> {
  const row = await tx.get<RefreshRow>('SELECT * FROM refresh_tokens WHERE token_hash = ?', [
    hashToken(token),
  ]);
  if (row === undefined) return { status: 'refused', username: undefined };
  const { family, username } = row;
  if (row.state === 'used') {
    await revokeFamily(tx, { family, expiresAt: row.expires_at }, 'reused');
    return { status: 'reused', username, family };
  }
  const user = await findUser(tx, username);
  const good = row.state === 'active' && row.expires_at > at;
  if (!good || user?.state !== 'active' || user.generation !== row.generation) {
    return { status: 'refused', username };
  }
  await tx.run("UPDATE refresh_tokens SET state = 'used' WHERE token_hash = ?", [row.token_hash]);
  const next = await addToken(tx, { user, family, at, expiresAt: row.expires_at });
  await touchLogin(tx, { family, tokenHash: hashToken(next), at });
  return { status: 'renewed', user, family, token: next, expiresAt: row.expires_at };
}

/** Revokes a login: its refresh tokens and, until they expire, its access tokens. */
export async function revokeFamily(
  tx: Tx,
  { family, expiresAt }: { readonly family: string; readonly expiresAt: number },
  end: LoginEnd,
): Promise<void> {
  await tx.run("UPDATE refresh_tokens SET state = 'revoked' WHERE family = ?", [family]);
  await revoke(tx, family, expiresAt);
  await noteEnd(tx, family, end);
}

/** Finds the family of a refresh token. */
export async function familyOf(
  tx: Tx,
  token: string,
): Promise<{ family: string; username: string; expiresAt: number } | undefined> {
  const row = await tx.get<RefreshRow>('SELECT * FROM refresh_tokens WHERE token_hash = ?', [
    hashToken(token),
  ]);
  return row && { family: row.family, username: row.username, expiresAt: row.expires_at };
}

/** SHA-256, in hex, of a token with 256 random bits. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}

async function addToken(
  tx: Tx,
  made: { user: UserRecord; family: string; at: number; expiresAt: number },
): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await tx.run(
    `INSERT INTO refresh_tokens
       (token_hash, family, username, generation, state, issued_at, expires_at)
     VALUES (?, ?, ?, ?, 'active', ?, ?)`,
    [
      hashToken(token),
      made.family,
      made.user.username,
      made.user.generation,
      made.at,
      made.expiresAt,
    ],
  );
  return token;
}
