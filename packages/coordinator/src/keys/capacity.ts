/** Counts the records of keys on a chip, as far as this store knows. */
import type { Tx } from '../store/database.ts';

/**
 * Counts the records of keys and of failed key generations that are not known to be deleted; staged shares do
 * not count.
 */
export async function recordsOn(tx: Tx, seId: string): Promise<number> {
  const row = await tx.get<{ n: number }>(
    `SELECT (SELECT COUNT(*) FROM shards WHERE se_id = ? AND state IN ('current', 'retired'))
       + (SELECT COUNT(*) FROM orphans WHERE se_id = ?) AS n`,
    [seId, seId],
  );
  return row?.n ?? 0;
}
