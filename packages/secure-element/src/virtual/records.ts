/** STORE, READ and DELETE of the virtual chip. docs/spec/chip.md §3. */
import { authorisationMessage, equalBytes, u32, verifyP256 } from '@quorate/intent';
import { SW } from '../status.ts';
import { type Chip, StatusError } from './chip.ts';
import { type ChipRecord, usedSlots } from './state.ts';

/** STORE: record id(32) ‖ address(20) ‖ secret(32). Gives slot ‖ used. Never overwrites. */
export function store(chip: Chip, data: Uint8Array): Uint8Array {
  const recordId = data.slice(0, 32);
  if (chip.slotOf(recordId) >= 0) throw new StatusError(SW.recordExists);
  const slot = chip.state.records.indexOf(null);
  if (slot < 0) throw new StatusError(SW.full);
  const record = { recordId, address: data.slice(32, 52), secret: data.slice(52), releaseCount: 0 };
  chip.commitRecord(slot, record);
  return Uint8Array.of(slot, usedSlots(chip.state));
}

/** READ: gives secret(32) ‖ release count(4); the count is written before the secret leaves. */
export function read(chip: Chip, data: Uint8Array): Uint8Array {
  const { slot, record } = authorised(chip, 'read', data);
  const releaseCount = record.releaseCount + 1;
  if (releaseCount > 0xffffffff) throw new StatusError(SW.failure);
  chip.commitRecord(slot, { ...record, releaseCount });
  return Uint8Array.of(...record.secret, ...u32(releaseCount));
}

/** DELETE: the record is overwritten. Gives used. */
export function deleteRecord(chip: Chip, data: Uint8Array): Uint8Array {
  const { slot, record } = authorised(chip, 'delete', data);
  chip.commitRecord(slot, null);
  record.secret.fill(0);
  return Uint8Array.of(usedSlots(chip.state));
}

/**
 * The record that an authorisation opens. data: record id(32) ‖ address(20) ‖ session hash(32) ‖
 * digest or reason hash(32) ‖ challenge(16) ‖ DER.
 */
function authorised(
  chip: Chip,
  operation: 'read' | 'delete',
  data: Uint8Array,
): { readonly slot: number; readonly record: ChipRecord } {
  const { publicKey, authorisationKey } = chip.personalisation();
  const recordId = data.subarray(0, 32);
  const address = data.subarray(32, 52);
  const sessionHash = data.subarray(52, 84);
  const challenge = data.subarray(116, 132);
  chip.consumeChallenge(challenge);
  if (!chip.knowsSession(sessionHash)) throw new StatusError(SW.conditions);
  const slot = chip.slotOf(recordId);
  const record = chip.state.records[slot] ?? null;
  if (record === null || !equalBytes(record.address, address)) {
    throw new StatusError(SW.recordNotFound);
  }
  const message = authorisationMessage({
    operation,
    chipPublicKey: publicKey,
    recordId,
    address,
    sessionHash,
    digest: data.subarray(84, 116),
    challenge,
  });
  if (!verifyP256(authorisationKey, message, data.subarray(132))) {
    throw new StatusError(SW.authorisationRefused);
  }
  return { slot, record };
}
