/** Permissions to ask for signatures of a key, besides its creator's. */
import type { Tx } from '../store/database.ts';
import type { KeyRecord } from './keys.ts';

/** A permission, and who granted it. */
export interface Grant {
  readonly username: string;
  readonly by: string;
  readonly at: number;
}

/** Whether a user may ask for signatures of a key: its creator, or a user with a grant. */
export async function mayUse(tx: Tx, key: KeyRecord, username: string): Promise<boolean> {
  if (key.creator === username) return true;
  const granted = await tx.get('SELECT 1 AS x FROM grants WHERE key_id = ? AND username = ?', [
    key.key_id,
    username,
  ]);
  return granted !== undefined;
}

/** The users with a grant for a key, by name. */
export async function grantsOf(tx: Tx, key: KeyRecord): Promise<string[]> {
  const rows = await tx.all<{ username: string }>(
    'SELECT username FROM grants WHERE key_id = ? ORDER BY username',
    [key.key_id],
  );
  return rows.map(({ username }) => username);
}

/** Stores a permission; an existing one stays unchanged. */
export async function insertGrant(tx: Tx, key: KeyRecord, grant: Grant): Promise<void> {
  await tx.run(
    `INSERT INTO grants (key_id, username, granted_by, granted_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (key_id, username) DO NOTHING`,
    [key.key_id, grant.username, grant.by, grant.at],
  );
}

/** Revokes a permission; false if there was none. */
export async function deleteGrant(tx: Tx, key: KeyRecord, username: string): Promise<boolean> {
  const { changes } = await tx.run('DELETE FROM grants WHERE key_id = ? AND username = ?', [
    key.key_id,
    username,
  ]);
  return changes > 0;
}
