/** The switch: one transaction from the old chip to the new one (docs/spec/replace.md §3.4). */
import { RequestError } from '../requestError.ts';
import { gaveReceipt, hasOrphan, switchStaged } from '../keys/index.ts';
import type { Tx } from '../store/database.ts';
import {
  makerOf,
  chipProblem,
  type Replacement,
  setStage,
  shardsIn,
  stageProblem,
} from './store.ts';

/** Moves every shard to the new chip, or none. A repeated switch is a safe retry. */
export async function switchChips(
  tx: Tx,
  replacement: Replacement,
  at: number,
): Promise<RequestError | undefined> {
  if (replacement.state === 'switched' || replacement.state === 'completed') return undefined;
  const problem =
    stageProblem(replacement, ['approved']) ??
    chipProblem(replacement, { old: 'active', fresh: 'disabled' }) ??
    (await shardsProblem(tx, replacement)) ??
    (await sessionProblem(tx, replacement)) ??
    (await orphanProblem(tx, replacement));
  if (problem !== undefined) return problem;
  const { id, oldChip, newChip } = replacement;
  const moved = await switchStaged(tx, makerOf(replacement));
  if (moved !== (await shardsIn(tx, { ...replacement, state: 'switched' })).length) {
    throw new Error('a replacement that switched another number of shards than it has');
  }
  // The old chip first: never two active chips.
  for (const [seId, state] of [
    [oldChip.seId, 'disabled'],
    [newChip.seId, 'active'],
  ] as const) {
    await tx.run('UPDATE chips SET state = ?, updated_at = ? WHERE se_id = ?', [state, at, seId]);
  }
  await setStage(tx, id, { state: 'switched' }, at);
  return undefined;
}

async function shardsProblem(tx: Tx, replacement: Replacement): Promise<RequestError | undefined> {
  const shards = await shardsIn(tx, replacement);
  const open = shards.find((shard) => shard.state !== 'sealed');
  if (open !== undefined) {
    return new RequestError('replacement_busy', `the shard of ${open.address} is not sealed yet`);
  }
  const ending = shards.find((shard) => shard.key_state !== 'active');
  if (ending === undefined) return undefined;
  return new RequestError('replacement_busy', `the key ${ending.address} is ${ending.key_state}`);
}

/**
 * A session must end with the old chip that it began with; only a destruction with this holder's receipt can
 * go on without it.
 */
async function sessionProblem(
  tx: Tx,
  { username }: Replacement,
): Promise<RequestError | undefined> {
  const open = await tx.all<{ session_key: string; kind: string; key_id: string | null }>(
    `SELECT s.session_key, s.kind, s.key_id FROM sessions s
     JOIN session_participants p ON p.session_key = s.session_key
     WHERE p.username = ? AND s.ended = 0 ORDER BY s.session_key`,
    [username],
  );
  for (const { session_key, kind, key_id } of open) {
    if (kind === 'destroy' && key_id !== null && (await gaveReceipt(tx, key_id, username)))
      continue;
    return new RequestError(
      'replacement_busy',
      `session ${session_key} is open; wait until it ends`,
    );
  }
  return undefined;
}

async function orphanProblem(tx: Tx, { oldChip }: Replacement): Promise<RequestError | undefined> {
  if (!(await hasOrphan(tx, oldChip.seId))) return undefined;
  return new RequestError(
    'replacement_busy',
    'the old chip holds a record of a failed key generation: run the agent until it is deleted',
  );
}
