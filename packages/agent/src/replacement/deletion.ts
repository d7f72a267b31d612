/** Deletes the records that the old chip still holds, and shows that they are gone (docs/spec/replace.md §3.6). */
import { type Chip, isAbsent, isRenewable } from '@quorate/holder';
import { fromBase64, fromHex } from '@quorate/intent';
import { AgentError } from '../errors.ts';
import { type KeyRecord, keyTagOf } from '../records/keyRecord.ts';
import { renewing, type StepCertificate, type Work } from './work.ts';

/** Deletes one record; one that is gone already is as good. */
export async function deleteOld(work: Work, old: Chip, key: KeyRecord): Promise<void> {
  await renewing(async () => {
    const certificate = await deleteOnce(work, old, key);
    await checkAbsent(old, key, certificate);
  });
  const { text } = await work.certify(old, 'deleted', key);
  await work.service.receipt(work.id, key.address, { certificate: text });
}

async function deleteOnce(work: Work, old: Chip, key: KeyRecord): Promise<StepCertificate> {
  const certificate = await work.certify(old, 'delete', key);
  const challenge = await old.challenge();
  const { signature } = await work.service.authorise(work.id, key.address, {
    step: 'delete',
    certificate: certificate.text,
    chip_challenge: Buffer.from(challenge).toString('base64'),
  });
  await old.deleteIfPresent({
    recordId: fromHex(key.record_id),
    address: keyTagOf(key),
    sessionHash: certificate.sessionHash,
    reasonHash: certificate.intent,
    challenge,
    signature: fromBase64(signature),
  });
  return certificate;
}

/** A DER signature of nothing: the chip looks for the record before it looks at the signature. */
const NO_SIGNATURE = Uint8Array.of(0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01);

async function checkAbsent(
  old: Chip,
  key: KeyRecord,
  { sessionHash, intent }: StepCertificate,
): Promise<void> {
  const request = {
    recordId: fromHex(key.record_id),
    address: keyTagOf(key),
    sessionHash,
    digest: intent,
    challenge: await old.challenge(),
    signature: NO_SIGNATURE,
  };
  try {
    (await old.read(request)).secret.fill(0);
  } catch (error) {
    if (isAbsent(error)) return;
    if (isRenewable(error)) throw error;
    const message = 'the old chip said that its record is deleted, and still has it';
    throw new AgentError('replace/refused', message, error);
  }
  throw new AgentError('replace/refused', 'the old chip still gives out its record');
}
