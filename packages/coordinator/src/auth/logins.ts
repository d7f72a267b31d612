/**
 * Logins, each with its family of refresh tokens: who is logged in since when, and which devices and addresses
 * a user has used lately. The store holds only hashes of addresses and tokens.
 */
import type { LoginEntry } from '@quorate/wire';
import type { Tx } from '../store/database.ts';

/** How a login ended early. */
export type LoginEnd = NonNullable<LoginEntry['ended']>;

/** A login as its user and administrators see it. Times are milliseconds since 1970. */
export interface LoginRecord {
  /** The family of its refresh tokens. */
  readonly loginId: string;
  readonly startedAt: number;
  /** When it was last refreshed. */
  readonly usedAt: number;
  readonly expiresAt: number;
  readonly ended?: LoginEnd;
}

/** No token has this hash. */
const NO_DEVICE = 'none';

/** The known part of where a login comes from. */
export interface Place {
  readonly addressHash: string;
  /** Hash of the newest refresh token of an earlier login, even an ended one. */
  readonly deviceHash?: string | undefined;
}

/** A new login. */
export interface NewLogin {
  readonly family: string;
  readonly username: string;
  readonly tokenHash: string;
  readonly addressHash: string;
  readonly at: number;
  readonly expiresAt: number;
}

interface LoginRow {
  readonly family: string;
  readonly started_at: number;
  readonly used_at: number;
  readonly expires_at: number;
  readonly ended: LoginEnd | null;
}

/** Stores a login. */
export async function addLogin(tx: Tx, made: NewLogin): Promise<void> {
  const { family, username, at, expiresAt, tokenHash, addressHash } = made;
  await tx.run(
    `INSERT INTO logins
       (family, username, started_at, used_at, expires_at, token_hash, address_hash)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    [family, username, at, at, expiresAt, tokenHash, addressHash],
  );
}

/** Notes that a login continues with another refresh token. */
export async function touchLogin(
  tx: Tx,
  { family, tokenHash, at }: Pick<NewLogin, 'family' | 'tokenHash' | 'at'>,
): Promise<void> {
  await tx.run('UPDATE logins SET token_hash = ?, used_at = ? WHERE family = ?', [
    tokenHash,
    at,
    family,
  ]);
}

/** Notes how a login ended; only the first end counts. */
export async function noteEnd(tx: Tx, family: string, end: LoginEnd): Promise<void> {
  await tx.run('UPDATE logins SET ended = ? WHERE family = ? AND ended IS NULL', [end, family]);
}

/** The user of a login family, and when it expires. */
export async function findLogin(
  tx: Tx,
  family: string,
): Promise<{ username: string; expiresAt: number } | undefined> {
  const row = await tx.get<{ username: string; expires_at: number }>(
    'SELECT username, expires_at FROM logins WHERE family = ?',
    [family],
  );
  return row && { username: row.username, expiresAt: row.expires_at };
}

/** A user's logins, newest first. */
export async function listLogins(tx: Tx, username: string, limit: number): Promise<LoginRecord[]> {
  const rows = await tx.all<LoginRow>(
    `SELECT family, started_at, used_at, expires_at, ended FROM logins
     WHERE username = ? ORDER BY started_at DESC, family LIMIT ?`,
    [username, limit],
  );
  return rows.map((row) => ({
    loginId: row.family,
    startedAt: row.started_at,
    usedAt: row.used_at,
    expiresAt: row.expires_at,
    ...(row.ended === null ? {} : { ended: row.ended }),
  }));
}

/**
 * Says how well a place is known: whether the user has logged in from the device, or from the address, since a
 * time.
 */
export async function knownPlace(
  tx: Tx,
  username: string,
  { addressHash, deviceHash = NO_DEVICE }: Place,
  since: number,
): Promise<'device' | 'address' | undefined> {
  const row = await tx.get<{ device: number }>(
    `SELECT CASE WHEN token_hash = ? THEN 1 ELSE 0 END AS device FROM logins
     WHERE username = ? AND used_at >= ? AND (ended IS NULL OR ended = 'logout')
       AND (token_hash = ? OR address_hash = ?)
     ORDER BY device DESC LIMIT 1`,
    [deviceHash, username, since, deviceHash, addressHash],
  );
  if (row === undefined) return undefined;
  return row.device === 1 ? 'device' : 'address';
}

/** Removes expired logins that were last used before a time. */
export async function removeExpiredLogins(tx: Tx, at: number, usedBefore: number): Promise<void> {
  await tx.run('DELETE FROM logins WHERE expires_at < ? AND used_at < ?', [at, usedBefore]);
}
