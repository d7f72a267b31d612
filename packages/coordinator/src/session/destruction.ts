/** How the destruction of a key ends: what is certified of each part, and what its holders are told. */
import { destroyReasonHash, toHex } from '@quorate/intent';
import type { DestroyComplete } from '@quorate/wire';
import { completeDestruction, type ShardRecord } from '../keys/index.ts';
import type { DestroyedShard, Destruction } from '../audit/index.ts';
import type { Tx } from '../store/database.ts';
import type { SessionState } from './types.ts';

/** Destroys the key of a session that has ended well; gives what the audit log certifies. */
export async function destroyKey(tx: Tx, state: SessionState, at: number): Promise<Destruction> {
  const { target } = state;
  if (target === undefined) throw new Error('a destruction without a key');
  const { key, shards } = await completeDestruction(tx, target.keyId, goneOf(state));
  return {
    address: target.address,
    publicKey: key.public_key,
    keyId: key.key_id,
    epoch: key.epoch,
    threshold: key.threshold,
    totalParts: key.total_parts,
    sessionKey: state.sessionKey,
    reasonHash: target.digest,
    destroyedAt: at,
    ...closedBy(state),
    shards: shards.map((shard) => destroyedShard(state, shard)),
  };
}

function destroyedShard(state: SessionState, shard: ShardRecord): DestroyedShard {
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
  if (result?.success === true && result.kind === 'destroy' && sessionHash !== undefined) {
    return { ...common, outcome: 'deleted', sessionHash, receipt: result.receipt };
  }
  return { ...common, outcome: goneStateOf(state, index) };
}

function closedBy({ outcome }: SessionState): Pick<Destruction, 'closed'> {
  if (outcome?.success !== true || outcome.closed === undefined) return {};
  const { by, reason } = outcome.closed;
  return { closed: { by, reasonHash: toHex(destroyReasonHash(reason)) } };
}

/** The parts whose chips are known to be gone. */
function goneOf({ target, excused, results }: SessionState): number[] {
  const absent = (target?.destruction?.absent ?? []).map(({ index }) => index);
  return [...absent, ...excused.keys()].filter((index) => !results.has(index));
}

function goneStateOf(state: SessionState, index: number): 'lost' | 'destroyed' | 'unproven' {
  const absent = state.target?.destruction?.absent.find((one) => one.index === index);
  const gone = state.excused.get(index) ?? absent?.chipState;
  if (gone !== undefined) return gone;
  if (unprovenOf(state).includes(index)) return 'unproven';
  throw new Error('a destroyed key with a shard that is not accounted for');
}

/** The parts for which an administrator has closed the destruction without a proof. */
function unprovenOf({ outcome }: SessionState): readonly number[] {
  return outcome?.success === true ? (outcome.closed?.unproven ?? []) : [];
}

/** Tells each part's end; a part that is not proven is named in words, for clients that know no word for it. */
export function partsOf(state: SessionState): DestroyComplete['parts'] {
  const { target } = state;
  if (target === undefined || state.phase !== 'completed') return [];
  return target.holders.flatMap(({ index, username }) => {
    const outcome = state.results.has(index) ? 'deleted' : goneStateOf(state, index);
    return outcome === 'unproven' ? [] : [{ username, part_index: index, outcome }];
  });
}
