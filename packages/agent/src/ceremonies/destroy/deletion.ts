/**
 * Deletes this participant's record of a key, as often as it takes, and proves that it is gone
 * (docs/spec/destroy.md §3).
 */
import { randomBytes } from 'node:crypto';
import {
  type DeletedRecord,
  destroyReasonHash,
  encodeReceiptPayload,
  fromBase64,
  fromHex,
} from '@quorate/intent';
import { SecureElementError } from '@quorate/secure-element';
import { type KeyDestruction, type KeyRecord, keyTagOf } from '../../records/keyRecord.ts';
import type { Authorisation } from '../authorisations.ts';
import type { SessionControl } from '../ceremony.ts';
import type { CeremonyContext } from '../context.ts';
import { Refusal, refuseUnless } from '../refusal.ts';

/** A key whose destruction this participant has consented to. */
export type Consented = KeyRecord & { readonly destruction: KeyDestruction };

/** Deletes the chip's record of a key under destruction; returns the chip's receipt, which is on disk. */
export async function deleteShard(
  { context, certificate }: SessionControl,
  key: Consented,
  authorisation: Authorisation,
  spent: () => void,
): Promise<string> {
  const record = deletedRecord(key, certificate.sessionHash);
  const { recordId, address, sessionHash, reasonHash } = record;
  const challenge = fromBase64(authorisation.challenge, 16);
  const signature = fromBase64(authorisation.signature);
  const access = { recordId, address, sessionHash, challenge, signature };
  await context.chip.deleteIfPresent({ ...access, reasonHash }, certificate.payload);
  spent();
  return prove(context, key, record, certificate.payload);
}

/** Puts a failed attempt into words; the coordinator goes on waiting. */
export function refusalOf(error: unknown): unknown {
  if (!(error instanceof SecureElementError)) return error;
  return new Refusal('chip_refused', `the chip did not delete the record (${error.code})`);
}

/** Makes the chip sign that it has no such record, and writes the receipt to disk before anybody gets it. */
async function prove(
  { chip, state, now, logger }: CeremonyContext,
  key: Consented,
  record: DeletedRecord,
  session: Uint8Array,
): Promise<string> {
  refuseUnless(await chip.isGone(record, session), 'chip_refused', 'the chip still has the record');
  const payload = encodeReceiptPayload(record, { nonce: randomBytes(32), at: now() });
  const der = await chip.signSession(payload);
  const receipt = Buffer.concat([payload, der]).toString('base64');
  const destruction = { ...key.destruction, receipt };
  state.keys.update(key.key_id, (current) => ({ ...current, state: 'destroyed', destruction }));
  logger.warn({ address: key.address, session_key: record.sessionKey }, 'shard deleted');
  return receipt;
}

/** The record of ours that is deleted, as our receipt names it. */
function deletedRecord(key: Consented, sessionHash: Uint8Array): DeletedRecord {
  return {
    sessionKey: key.destruction.session_key,
    partIndex: key.part_index,
    sessionHash,
    keyId: fromHex(key.key_id),
    epoch: key.epoch,
    recordId: fromHex(key.record_id),
    address: keyTagOf(key),
    reasonHash: destroyReasonHash(key.destruction.reason),
  };
}
