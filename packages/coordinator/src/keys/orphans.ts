/** Records that chips still hold of failed key generations. */
import type { Tx } from '../store/database.ts';

/** A record without a key. */
export interface Orphan {
  readonly record_id: string;
  readonly address: string;
  /** The key generation that failed. */
  readonly session_key: string;
  readonly part_index: number;
  readonly username: string;
  readonly se_id: string;
  readonly chip_public_key: string;
  readonly cpic: string;
  /** The failure code of the key generation. */
  readonly reason: string;
}

const COLUMNS = `record_id, address, session_key, part_index, username, se_id, chip_public_key, cpic,
  reason`;

/** Stores an orphan; false if it was stored before. */
export async function insertOrphan(tx: Tx, orphan: Orphan, at: number): Promise<boolean> {
  const { changes } = await tx.run(
    `INSERT INTO orphans (${COLUMNS}, reported_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (record_id) DO NOTHING`,
    [
      orphan.record_id,
      orphan.address,
      orphan.session_key,
      orphan.part_index,
      orphan.username,
      orphan.se_id,
      orphan.chip_public_key,
      orphan.cpic,
      orphan.reason,
      at,
    ],
  );
  return changes > 0;
}

/** The orphans of a participant, oldest first. */
export async function orphansOf(tx: Tx, username: string): Promise<Orphan[]> {
  return tx.all<Orphan>(
    `SELECT ${COLUMNS} FROM orphans WHERE username = ? ORDER BY reported_at, record_id`,
    [username],
  );
}

/** The orphan of a participant that one session left behind. */
export async function findOrphan(
  tx: Tx,
  username: string,
  of: { readonly session_key: string; readonly part_index: number },
): Promise<Orphan | undefined> {
  return tx.get<Orphan>(
    `SELECT ${COLUMNS} FROM orphans WHERE username = ? AND session_key = ? AND part_index = ?`,
    [username, of.session_key, of.part_index],
  );
}

/** Whether a chip holds an orphan. */
export async function hasOrphan(tx: Tx, seId: string): Promise<boolean> {
  return (await tx.get('SELECT 1 AS x FROM orphans WHERE se_id = ?', [seId])) !== undefined;
}

/** Deletes an orphan once its record is gone. */
export async function deleteOrphan(tx: Tx, recordId: string): Promise<void> {
  await tx.run('DELETE FROM orphans WHERE record_id = ?', [recordId]);
}
