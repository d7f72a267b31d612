/** Accounts for each part of a destroyed key. Pure. */
import { destroyReasonHash, toHex } from '@quorate/intent';
import type { DestroyComplete } from '@quorate/wire';
import type { DestroyedShard, Destruction } from '../../audit/index.ts';
import type { KeyRecord, ShardRecord } from '../../keys/index.ts';
import type { DestroyState } from './state.ts';

/** The destruction as the audit log certifies it, for a key and its shards as the store has them now. */
export function destructionOf(
  state: DestroyState,
  { key, shards }: { readonly key: KeyRecord; readonly shards: readonly ShardRecord[] },
  at: number,
): Destruction {
  return {
    address: key.address,
    publicKey: key.public_key,
    keyId: key.key_id,
    epoch: key.epoch,
    threshold: key.threshold,
    totalParts: key.total_parts,
    sessionKey: state.sessionKey,
    reasonHash: state.target.digest,
    destroyedAt: at,
    ...closedBy(state),
    shards: shards.map((shard) => destroyedShard(state, shard)),
  };
}

function destroyedShard(state: DestroyState, shard: ShardRecord): DestroyedShard {
  const index = shard.part_index;
  const common = {
    partIndex: index,
    username: shard.username,
    seId: shard.se_id,
    chipPublicKey: shard.chip_public_key,
    recordId: shard.record_id,
  };
  const result = state.results.get(index);
  const sessionHash = state.answers.get(index)?.sessionHash;
  if (result?.success === true && sessionHash !== undefined) {
    return { ...common, outcome: 'deleted', sessionHash, receipt: result.receipt };
  }
  return { ...common, outcome: goneStateOf(state, index) };
}

function closedBy({ outcome }: DestroyState): Pick<Destruction, 'closed'> {
  if (outcome?.success !== true || outcome.closed === undefined) return {};
  const { by, reason } = outcome.closed;
  return { closed: { by, reasonHash: toHex(destroyReasonHash(reason)) } };
}

/** The parts whose chips are known to be gone. */
export function goneOf({ target, excused, results }: DestroyState): number[] {
  const absent = target.destruction.absent.map(({ index }) => index);
  return [...absent, ...excused.keys()].filter((index) => !results.has(index));
}

function goneStateOf(state: DestroyState, index: number): 'lost' | 'destroyed' | 'unproven' {
  const absent = state.target.destruction.absent.find((one) => one.index === index);
  const gone = state.excused.get(index) ?? absent?.chipState;
  if (gone !== undefined) return gone;
  if (unprovenOf(state).includes(index)) return 'unproven';
  throw new Error('a destroyed key with a shard that is not accounted for');
}

/** The parts for which an administrator has closed the destruction without a proof. */
function unprovenOf({ outcome }: DestroyState): readonly number[] {
  return outcome?.success === true ? (outcome.closed?.unproven ?? []) : [];
}

/**
 * The parts as the completion lists them; the message names an unproven one, because older clients have no
 * word for it.
 */
export function partsOf(state: DestroyState): DestroyComplete['parts'] {
  const { target } = state;
  if (state.phase !== 'completed') return [];
  return target.holders.flatMap(({ index, username }) => {
    const outcome = state.results.has(index) ? 'deleted' : goneStateOf(state, index);
    return outcome === 'unproven' ? [] : [{ username, part_index: index, outcome }];
  });
}
