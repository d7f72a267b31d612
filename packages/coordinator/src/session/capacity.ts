/** How many records a chip holds or is about to hold, by what the server knows of it (contract §1.6). */
import type { Tx } from '../store/database.ts';

/**
 * Records of keys that are not known to be deleted, orphans that are not deleted yet, and one for every key
 * generation that the chip's holder is in now.
 */
export async function recordsOn(tx: Tx, seId: string): Promise<number> {
  const row = await tx.get<{ n: number }>(
    `SELECT (SELECT COUNT(*) FROM shards WHERE se_id = ? AND state <> 'deleted')
       + (SELECT COUNT(*) FROM orphans WHERE se_id = ?)
       + (SELECT COUNT(*) FROM session_participants p
            JOIN sessions s ON s.session_key = p.session_key
            JOIN chips c ON c.username = p.username
          WHERE c.se_id = ? AND s.kind = 'keygen' AND s.ended = 0) AS n`,
    [seId, seId, seId],
  );
  return row?.n ?? 0;
}
