import { randomBytes } from 'node:crypto';
import type { Tx } from '../store/database.ts';
import { hashToken } from './refresh.ts';
import { hasUsers } from './users.ts';

/**
 * Makes the one-time setup token while no user exists, replacing an unused one of an earlier start.
 *
 * Only its hash is kept; the caller shows the token to the operator once.
 */
export async function makeSetupToken(tx: Tx, at: number): Promise<string | undefined> {
  await tx.run('DELETE FROM setup_token', []);
  if (await hasUsers(tx)) return undefined;
  const token = randomBytes(32).toString('base64url');
  await tx.run('INSERT INTO setup_token (only_row, token_hash, created_at) VALUES (1, ?, ?)', [
    hashToken(token),
    at,
  ]);
  return token;
}

/** Spends the setup token; false if it is wrong or there is none. */
export async function spendSetupToken(tx: Tx, token: string): Promise<boolean> {
  const { changes } = await tx.run('DELETE FROM setup_token WHERE token_hash = ?', [
    hashToken(token),
  ]);
  return changes === 1;
}

/** Whether a token is the setup token; does not spend it. */
export async function isSetupToken(tx: Tx, token: string): Promise<boolean> {
  const row = await tx.get('SELECT only_row FROM setup_token WHERE token_hash = ?', [
    hashToken(token),
  ]);
  return row !== undefined;
}
