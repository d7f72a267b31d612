/**
 * Counts the records that a chip holds or is about to hold, as far as the server knows
 * (docs/spec/coordinator.md §5).
 */
import { LIMITS } from '@quorate/wire';
import { recordsOn } from '../../keys/index.ts';
import type { Tx } from '../../store/database.ts';

/** Why a chip has no room for another record; undefined if it has room. */
export async function fullness(
  tx: Tx,
  { seId, username }: { readonly seId: string; readonly username: string },
): Promise<string | undefined> {
  const used = (await recordsOn(tx, seId)) + (await expectedOn(tx, seId));
  if (used < LIMITS.chipRecords) return undefined;
  return `the chip ${seId} of ${username} holds ${used} of ${LIMITS.chipRecords} records`;
}

/** Counts open key generations that the chip's holder has accepted: an unanswered request takes no room. */
async function expectedOn(tx: Tx, seId: string): Promise<number> {
  const row = await tx.get<{ n: number }>(
    `SELECT COUNT(*) AS n FROM session_participants p
       JOIN sessions s ON s.session_key = p.session_key
       JOIN chips c ON c.username = p.username
     WHERE c.se_id = ? AND p.accepted = 1 AND s.kind = 'keygen' AND s.ended = 0`,
    [seId],
  );
  return row?.n ?? 0;
}
