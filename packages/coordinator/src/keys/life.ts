/**
 * The one life of a share: staged beside the current share, current, retired when another takes its place,
 * deleted. Only this file changes a share's state.
 */
import type { Tx } from '../store/database.ts';

/** The state of a share. */
export type ShardState = 'staged' | 'current' | 'retired' | 'deleted';

const FOLLOWING: Readonly<Record<ShardState, readonly ShardState[]>> = {
  staged: ['current', 'deleted'],
  current: ['retired', 'deleted'],
  retired: ['deleted'],
  deleted: [],
};

/** Whether a share may go from one state to another. */
export function mayFollow(from: ShardState, to: ShardState): boolean {
  return FOLLOWING[from].includes(to);
}

/** Identifies a share: a chip never holds two of one key and epoch. */
export interface ShardName {
  readonly key_id: string;
  readonly epoch: number;
  readonly se_id: string;
}

/** Facts to store with a step. */
interface Note {
  readonly retiredBy?: string;
  readonly receipt?: string;
}

/** Why a share cannot take a step. */
export class LifeError extends Error {
  override readonly name = 'LifeError';
  readonly code = 'keys/shard-state';
}

/**
 * Moves a share to its next state.
 *
 * @throws LifeError `keys/shard-state` when the step does not exist, or the share is in another state
 */
export async function step(
  tx: Tx,
  { key_id, epoch, se_id }: ShardName,
  [from, to]: readonly [ShardState, ShardState],
  { retiredBy, receipt }: Note = {},
): Promise<void> {
  if (!mayFollow(from, to)) throw new LifeError(`no share goes from ${from} to ${to}`);
  const { changes } = await tx.run(
    `UPDATE shards SET state = ?, retired_by = COALESCE(?, retired_by),
       receipt = COALESCE(?, receipt)
     WHERE key_id = ? AND epoch = ? AND se_id = ? AND state = ?`,
    [to, retiredBy ?? null, receipt ?? null, key_id, epoch, se_id, from],
  );
  if (changes !== 1) throw new LifeError(`the share on ${se_id} is not ${from}`);
}
