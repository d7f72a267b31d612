/**
 * Round 0 of two parties (docs/spec/cosigner.md, "Session"): both certify their ephemeral keys and the same intent,
 * each checks the other's certificate under the identity that it pinned itself.
 */
import type { PeerKeys, Prepared } from '@quorate/holder';
import {
  type CertificateProblem,
  CERTIFICATE_TIMES,
  chipFingerprint,
  encodeCertificatePayload,
  fromHex,
  hashFramed,
  intentHash,
  judgeCertificate,
  u16,
} from '@quorate/intent';
import { clockDoubt } from '@quorate/wire';
import { CosignerError } from '../errors.ts';
import type { PublicIdentity } from '../partner.ts';
import type { KeyRecord } from '../store/keyRecords.ts';
import type { Proposal, SessionContext } from './context.ts';

const BITS_LABEL = 'quorate/v1/cosigner/paillier-bits';

/** The intent of a session, from this side's own knowledge. */
export function intentOf(
  context: SessionContext,
  proposal: Proposal,
  key: KeyRecord | undefined,
): Uint8Array {
  const { own, config, index } = context;
  const { partner, message } = proposal;
  const bits = key?.paillier_bits ?? config.paillier_bits;
  const holder = (at: 1 | 2, { name, identity }: Pick<PublicIdentity, 'name' | 'identity'>) => ({
    index: at,
    username: name,
    fingerprint: chipFingerprint(identity),
  });
  const peerIndex = index === 1 ? 2 : 1;
  return intentHash({
    sessionKey: proposal.id,
    keyId: key === undefined ? new Uint8Array(32) : fromHex(key.key_id),
    epoch: key?.share.epoch ?? 0,
    threshold: 2,
    parties: 2,
    holders: [holder(index, own), holder(peerIndex, partner)],
    signers: [1, 2],
    path: [],
    digest: message?.digest ?? null,
    payloadHash: message?.payloadHash ?? hashFramed(BITS_LABEL, u16(bits)),
    address: key?.address ?? null,
  });
}

/** Certifies this side's ephemeral keys. */
export function certify(
  context: SessionContext,
  { id, type }: Proposal,
  prepared: Prepared,
  intent: Uint8Array,
): Promise<Uint8Array> {
  const payload = encodeCertificatePayload({
    operation: type,
    sessionKey: id,
    partIndex: context.index,
    nonce: prepared.nonce,
    x25519: prepared.x25519,
    ed25519: prepared.ed25519,
    intentHash: intent,
    notAfter: context.now() + CERTIFICATE_TIMES.lifetime,
  });
  return context.vault.certify(payload);
}

/** A certificate of the partner that holds, and the intent that it was checked by. */
export interface Certified {
  readonly bytes: Uint8Array;
  readonly keys: PeerKeys;
  readonly intent: Uint8Array;
}

/**
 * Checks the partner's certificate; gives its bytes and the keys that it certifies.
 * @throws CosignerError `invalid_certificate`, `intent_mismatch`
 */
export function checkCertificate(
  context: SessionContext,
  { id, type, partner }: Proposal,
  text: string,
  intent: Uint8Array,
): Certified {
  const peerIndex = context.index === 1 ? 2 : 1;
  const judged = judgeCertificate(text, {
    operation: type,
    sessionKey: id,
    partIndex: peerIndex,
    chipPublicKey: partner.identity,
    intentHash: intent,
    now: context.now(),
  });
  if (!judged.ok) throw refusalOf(judged.problem);
  const { bytes, x25519, ed25519 } = judged.certificate;
  return { bytes, keys: { index: peerIndex, x25519, ed25519 }, intent };
}

function refusalOf(problem: CertificateProblem): CosignerError {
  switch (problem.kind) {
    case 'malformed':
      return invalid(`a malformed certificate: expected ${problem.expected}`);
    case 'operation':
    case 'part-index':
    case 'session':
      return invalid('a certificate for another session');
    case 'chip':
      return invalid('not signed by the pinned key');
    case 'intent':
      return new CosignerError('intent_mismatch');
    case 'expired':
    case 'too-long': {
      const doubt = clockDoubt(problem.notAfter, problem.now);
      return invalid(`a certificate that is expired or too long: ${doubt}`);
    }
  }
}

function invalid(details: string): CosignerError {
  return new CosignerError('invalid_certificate', details);
}
