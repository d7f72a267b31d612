/** What the store does when a key is destroyed: the ciphertexts go first, then each record, then the key. */
import { destroyReasonHash, toHex } from '@quorate/intent';
import type { DestroyComplete } from '@quorate/wire';
import type { DestroyedShard, Destruction } from '../audit/index.ts';
import type { Tx } from '../store/database.ts';
import { findKey, type ShardRecord, shardsOf } from './keys.ts';
import type { Event } from '../session/events.ts';
import type { Party, SessionState } from '../session/types.ts';

/**
 * The point of no return: the key signs nothing more, and every copy of a ciphertext that this store has is
 * overwritten. The key generation's events keep everything but the ciphertexts.
 */
export async function beginDestruction(tx: Tx, address: string): Promise<string> {
  const key = await findKey(tx, address);
  if (key?.state !== 'active') throw new Error('a destruction of a key that is not active');
  await tx.run("UPDATE key_records SET state = 'destroying' WHERE address = ?", [address]);
  await tx.run("UPDATE shards SET encrypted_shard = '' WHERE address = ?", [address]);
  // A replacement of a chip that has not switched yet keeps copies that are sealed for the new chip.
  await tx.run("UPDATE replacement_shards SET encrypted_shard = '' WHERE address = ?", [address]);
  const events = await tx.all<{ number: number; event: string }>(
    'SELECT number, event FROM session_events WHERE session_key = ?',
    [key.session_key],
  );
  for (const { number, event } of events) {
    const kept = withoutShard(JSON.parse(event) as Event);
    if (kept === undefined) continue;
    await tx.run('UPDATE session_events SET event = ? WHERE session_key = ? AND number = ?', [
      JSON.stringify(kept),
      key.session_key,
      number,
    ]);
  }
  return key.session_key;
}

function withoutShard(event: Event): Event | undefined {
  if (event.type !== 'finished') return undefined;
  const { result } = event;
  if (!result.success || result.kind !== 'keygen') return undefined;
  return { ...event, result: { ...result, shard: '' } };
}

/** Notes that the record of a party is gone, with the proof. */
export async function noteReceipt(
  tx: Tx,
  address: string,
  party: Party,
  receipt: string,
): Promise<void> {
  await tx.run(
    "UPDATE shards SET state = 'deleted', receipt = ? WHERE address = ? AND part_index = ?",
    [receipt, address, party.index],
  );
}

/** Marks the key destroyed, and the records that nobody can be asked to delete as out of reach. */
export async function completeDestruction(
  tx: Tx,
  state: SessionState,
  at: number,
): Promise<Destruction> {
  const { target } = state;
  const key = await findKey(tx, target?.address ?? '');
  if (target === undefined || key?.state !== 'destroying') {
    throw new Error('a destruction that was not begun');
  }
  const { address } = target;
  await tx.run("UPDATE key_records SET state = 'destroyed' WHERE address = ?", [address]);
  // What nobody has proven stays `held`: it may be there.
  for (const index of goneOf(state)) {
    await tx.run(
      "UPDATE shards SET state = 'absent' WHERE address = ? AND part_index = ? AND state = 'held'",
      [address, index],
    );
  }
  const shards = await shardsOf(tx, address);
  return {
    address,
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

/** What is told of each part at the end; a part that is not proven is named in words, for clients that know no word for it. */
export function partsOf(state: SessionState): DestroyComplete['parts'] {
  const { target } = state;
  if (target === undefined || state.phase !== 'completed') return [];
  return target.holders.flatMap(({ index, username }) => {
    const outcome = state.results.has(index) ? 'deleted' : goneStateOf(state, index);
    return outcome === 'unproven' ? [] : [{ username, part_index: index, outcome }];
  });
}
