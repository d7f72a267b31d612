/** Tokens that administrators made for programs, with their owners. The tokens themselves are not stored. */
import type { Tx } from '../store/database.ts';

/** A token made for a program. Times are milliseconds since 1970. */
export interface IssuedTokenRecord {
  readonly tokenId: string;
  readonly username: string;
  readonly issuedBy: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly withdrawnAt?: number;
}

interface TokenRow {
  readonly token_id: string;
  readonly username: string;
  readonly issued_by: string;
  readonly issued_at: number;
  readonly expires_at: number;
  readonly withdrawn_at: number | null;
}

/** Stores a token's entry. */
export async function addIssued(tx: Tx, made: IssuedTokenRecord): Promise<void> {
  await tx.run(
    `INSERT INTO issued_tokens (token_id, username, issued_by, issued_at, expires_at)
     VALUES (?, ?, ?, ?, ?)`,
    [made.tokenId, made.username, made.issuedBy, made.issuedAt, made.expiresAt],
  );
}

/** Finds a token of a user; undefined if it does not exist or belongs to another user. */
export async function findIssued(
  tx: Tx,
  username: string,
  tokenId: string,
): Promise<IssuedTokenRecord | undefined> {
  const row = await tx.get<TokenRow>(
    'SELECT * FROM issued_tokens WHERE token_id = ? AND username = ?',
    [tokenId, username],
  );
  return row && recordOf(row);
}

/** A user's tokens, newest first. */
export async function listIssued(
  tx: Tx,
  username: string,
  limit: number,
): Promise<IssuedTokenRecord[]> {
  const rows = await tx.all<TokenRow>(
    'SELECT * FROM issued_tokens WHERE username = ? ORDER BY issued_at DESC, token_id LIMIT ?',
    [username, limit],
  );
  return rows.map(recordOf);
}

/** Notes that a token was withdrawn; only the first time counts. */
export async function noteWithdrawn(tx: Tx, tokenId: string, at: number): Promise<void> {
  await tx.run(
    'UPDATE issued_tokens SET withdrawn_at = ? WHERE token_id = ? AND withdrawn_at IS NULL',
    [at, tokenId],
  );
}

/** Removes tokens that expired before a time. */
export async function removeExpiredTokens(tx: Tx, before: number): Promise<void> {
  await tx.run('DELETE FROM issued_tokens WHERE expires_at < ?', [before]);
}

function recordOf(row: TokenRow): IssuedTokenRecord {
  return {
    tokenId: row.token_id,
    username: row.username,
    issuedBy: row.issued_by,
    issuedAt: row.issued_at,
    expiresAt: row.expires_at,
    ...(row.withdrawn_at === null ? {} : { withdrawnAt: row.withdrawn_at }),
  };
}
