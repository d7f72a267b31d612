/** What only the store knows about an event: whether its chips are still active, whether its key is new. */
import type { Chips } from '../services.ts';
import type { Tx } from '../store/database.ts';
import { findKey } from './keys.ts';
import type { Event, SessionState } from './types.ts';

/** The event, or the one that ends the session instead. */
export async function guard(
  tx: Tx,
  chips: Chips,
  state: SessionState,
  event: Event,
): Promise<Event> {
  switch (event.type) {
    case 'accepted':
    case 'challenged':
      return (await inactiveChip(tx, chips, state, event.at)) ?? event;
    case 'finished':
      return (await existingKey(tx, state, event)) ?? event;
    case 'requested':
    case 'declined':
    case 'relayed':
    case 'refuted':
    case 'expired':
    case 'resumed':
      return event;
  }
}

/** Only active chips take part, up to the moment of release (contract §1.6). */
async function inactiveChip(
  tx: Tx,
  chips: Chips,
  state: SessionState,
  at: number,
): Promise<Event | undefined> {
  for (const { index, username, seId } of state.parties) {
    const chip = await chips.find(tx, seId);
    if (chip?.state === 'active' && chip.username === username) continue;
    const details = `the chip ${seId} is ${chip?.state ?? 'unknown'}`;
    return { type: 'refuted', at, from: index, code: 'chip_unavailable', details };
  }
  return undefined;
}

/** A key is made once: participants who all report one that exists have not generated it. */
async function existingKey(
  tx: Tx,
  state: SessionState,
  event: Extract<Event, { type: 'finished' }>,
): Promise<Event | undefined> {
  const { at, from, result } = event;
  if (state.phase !== 'running' || !result.success || result.kind !== 'keygen') return undefined;
  if ((await findKey(tx, result.address)) === undefined) return undefined;
  const details = 'a key of this address exists already';
  const { address, recordId } = result;
  const record = { address, recordId };
  return { type: 'refuted', at, from, code: 'invalid_result', details, record };
}
