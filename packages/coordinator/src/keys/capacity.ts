/** How many records a chip holds or is about to hold, by what the server knows of it (docs/spec/coordinator.md §5). */
import { LIMITS } from '@quorate/wire';
import type { Tx } from '../store/database.ts';

/**
 * Records of keys that are not known to be deleted, orphans that are not deleted yet, and one for every key
 * generation that the chip's holder has accepted: what nobody has answered yet takes no room from others.
 */
async function recordsOn(tx: Tx, seId: string): Promise<number> {
  const row = await tx.get<{ n: number }>(
    `SELECT (SELECT COUNT(*) FROM shards WHERE se_id = ? AND state <> 'deleted')
       + (SELECT COUNT(*) FROM orphans WHERE se_id = ?)
       + (SELECT COUNT(*) FROM session_participants p
            JOIN sessions s ON s.session_key = p.session_key
            JOIN chips c ON c.username = p.username
          WHERE c.se_id = ? AND p.accepted = 1 AND s.kind = 'keygen' AND s.ended = 0) AS n`,
    [seId, seId, seId],
  );
  return row?.n ?? 0;
}

/** Why a chip has no room for another record; undefined when it has. */
export async function fullness(
  tx: Tx,
  { seId, username }: { readonly seId: string; readonly username: string },
): Promise<string | undefined> {
  const used = await recordsOn(tx, seId);
  if (used < LIMITS.chipRecords) return undefined;
  return `the chip ${seId} of ${username} holds ${used} of ${LIMITS.chipRecords} records`;
}
