/** How many records of keys a chip holds, by what this store knows of it. */
import type { Tx } from '../store/database.ts';

/** Records that are not known to be deleted: of keys, and of key generations that failed. What is staged is not counted. */
export async function recordsOn(tx: Tx, seId: string): Promise<number> {
  const row = await tx.get<{ n: number }>(
    `SELECT (SELECT COUNT(*) FROM shards WHERE se_id = ? AND state IN ('current', 'retired'))
       + (SELECT COUNT(*) FROM orphans WHERE se_id = ?) AS n`,
    [seId, seId],
  );
  return row?.n ?? 0;
}
