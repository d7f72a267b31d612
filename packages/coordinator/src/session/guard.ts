/** What only the store knows about an event: whether its chips are still active, whether its key is new. */
import { reopenCertificate } from '@quorate/intent';
import type { Chips } from '../chips/index.ts';
import type { Tx } from '../store/database.ts';
import { fullness } from './chipRoom.ts';
import { isExpired } from './certificate.ts';
import { findKey, findKeyOfAddress, shardsOf } from '../keys/index.ts';
import type { Event } from './events.ts';
import type { SessionState } from './types.ts';

/** The event, or the one that ends the session instead. */
export async function guard(
  tx: Tx,
  chips: Chips,
  state: SessionState,
  event: Event,
): Promise<Event> {
  switch (event.type) {
    case 'accepted':
      return (
        staleConsent(state, event.at) ??
        (await inactiveChip(tx, chips, state, event.at)) ??
        (await changedKey(tx, state, event.at)) ??
        (await fullChip(tx, state, event)) ??
        event
      );
    case 'challenged':
      // A destruction that everybody consented to goes on, whatever becomes of the others' chips.
      if (state.kind === 'destroy') return event;
      return (
        staleConsent(state, event.at) ?? (await inactiveChip(tx, chips, state, event.at)) ?? event
      );
    case 'finished':
      return (await existingKey(tx, state, event)) ?? event;
    case 'requested':
    case 'declined':
    case 'relayed':
    case 'unsigned':
    case 'reported':
    case 'refuted':
    case 'ended':
    case 'excused':
    case 'delayed':
    case 'closed':
    case 'expired':
    case 'resumed':
      return event;
  }
}

/**
 * What a chip certified is good for its time, not only for the moment in which it came: nothing is released for a
 * consent that is over. A destruction goes on however old a consent is (docs/spec/destroy.md §6).
 */
function staleConsent(state: SessionState, at: number): Event | undefined {
  if (state.kind === 'destroy') return undefined;
  const stale = state.parties.find(({ index }) => isStale(state.answers.get(index), at));
  if (stale === undefined) return undefined;
  const details = `the consent of ${stale.username} is over`;
  return { type: 'ended', at, code: 'expired', details, concerned: [stale.index] };
}

function isStale(answer: { readonly certificate: string } | undefined, at: number): boolean {
  return answer !== undefined && isExpired(reopenCertificate(answer.certificate), at);
}

/** Only active chips take part, up to the moment of release (docs/spec/wire.md §9). */
async function inactiveChip(
  tx: Tx,
  chips: Chips,
  state: SessionState,
  at: number,
): Promise<Event | undefined> {
  for (const { index, username, seId } of state.parties) {
    const chip = await chips.find(tx, seId);
    if (chip?.state === 'active' && chip.username === username) continue;
    const details = `the chip ${seId} of ${username} is ${chip?.state ?? 'unknown'}`;
    return { type: 'refuted', at, from: index, code: 'chip_unavailable', details };
  }
  return undefined;
}

/** The key and its shards are those that were asked about: nothing was destroyed or replaced meanwhile. */
async function changedKey(tx: Tx, state: SessionState, at: number): Promise<Event | undefined> {
  const { target, parties } = state;
  if (target === undefined) return undefined;
  const key = await findKey(tx, target.keyId);
  if (key?.state !== 'active') {
    const details = `${target.address} signs nothing any more`;
    return { type: 'ended', at, code: 'key_destroying', details, concerned: [] };
  }
  const shards = await shardsOf(tx, key);
  const moved = parties.find(({ index, seId, recordId }) => {
    const shard = shards.find((held) => held.part_index === index);
    return shard?.se_id !== seId || (recordId !== undefined && recordId !== shard.record_id);
  });
  if (moved === undefined) return undefined;
  const details = `the shard of ${moved.username} is no longer on the chip ${moved.seId}`;
  return { type: 'ended', at, code: 'chip_unavailable', details, concerned: [moved.index] };
}

/** Room is taken by consent: what others were asked at the same time may have taken the last of it. */
async function fullChip(
  tx: Tx,
  { kind, parties }: SessionState,
  { from, at }: Extract<Event, { type: 'accepted' }>,
): Promise<Event | undefined> {
  const party = parties.find(({ index }) => index === from);
  if (kind !== 'keygen' || party === undefined) return undefined;
  const details = await fullness(tx, party);
  if (details === undefined) return undefined;
  return { type: 'ended', at, code: 'chip_unavailable', details, concerned: [from] };
}

/** A key is made once: participants who all report one that exists have not generated it. */
async function existingKey(
  tx: Tx,
  state: SessionState,
  event: Extract<Event, { type: 'finished' }>,
): Promise<Event | undefined> {
  const { at, from, result } = event;
  if (state.phase !== 'running' || !result.success || result.kind !== 'keygen') return undefined;
  if ((await findKeyOfAddress(tx, result.address)) === undefined) return undefined;
  const details = 'a key of this address exists already';
  const { address, recordId } = result;
  const record = { address, recordId };
  return { type: 'refuted', at, from, code: 'invalid_result', details, record };
}
