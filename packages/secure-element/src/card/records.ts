/** STORE, READ and DELETE. docs/spec/chip.md §3. */
import { authorisationMessage, equalBytes, u32, verifyP256 } from '@quorate/intent';
import { SW } from '../status.ts';
import { StatusError } from './card.ts';
import type { PoweredCard } from './memory.ts';

/** STORE: record id(32) ‖ address(20) ‖ secret(32). Returns slot ‖ used. Never overwrites. */
export function store({ card }: PoweredCard, data: Uint8Array): Uint8Array {
  const recordId = data.slice(0, 32);
  if (card.find(recordId) !== null) throw new StatusError(SW.recordExists);
  const record = { recordId, address: data.slice(32, 52), secret: data.slice(52) };
  const { slot, used } = card.insert(record);
  return Uint8Array.of(slot, used);
}

/** READ: returns secret(32) ‖ release count(4); writes the count before it returns the secret. */
export function read(powered: PoweredCard, data: Uint8Array): Uint8Array {
  const slot = authorised(powered, 'read', data);
  const { secret, releaseCount } = powered.card.release(slot);
  const answer = Uint8Array.of(...secret, ...u32(releaseCount));
  secret.fill(0);
  return answer;
}

/** DELETE: deletes the record. Returns used. */
export function deleteRecord(powered: PoweredCard, data: Uint8Array): Uint8Array {
  const slot = authorised(powered, 'delete', data);
  return Uint8Array.of(powered.card.delete(slot));
}

/**
 * Checks an authorisation and returns its slot. data: record id(32) ‖ address(20) ‖ session hash(32) ‖ digest
 * or reason hash(32) ‖ challenge(16) ‖ DER.
 */
function authorised(
  { card, memory }: PoweredCard,
  operation: 'read' | 'delete',
  data: Uint8Array,
): number {
  const chipPublicKey = card.publicKey();
  const recordId = data.subarray(0, 32);
  const address = data.subarray(32, 52);
  const sessionHash = data.subarray(52, 84);
  const challenge = data.subarray(116, 132);
  memory.consumeChallenge(challenge);
  if (!memory.knowsSession(sessionHash)) throw new StatusError(SW.conditions);
  const place = card.find(recordId);
  if (place === null || !equalBytes(place.address, address)) {
    throw new StatusError(SW.recordNotFound);
  }
  const message = authorisationMessage({
    operation,
    chipPublicKey,
    recordId,
    address,
    sessionHash,
    digest: data.subarray(84, 116),
    challenge,
  });
  if (!verifyP256(card.authorisationKey(), message, data.subarray(132))) {
    throw new StatusError(SW.authorisationRefused);
  }
  return place.slot;
}
