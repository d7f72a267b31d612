/**
 * Round 0 of two parties (docs/spec/cosigner.md, "Session"): both certify their ephemeral keys and the same intent,
 * each checks the other's certificate under the identity that it pinned itself.
 */
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
import { clockDoubt, COSIGNER_CODES } from '@quorate/wire';
import type { Refusal } from './refusal.ts';
import type { Holder, KeyFacts, Meaning } from './terms.ts';

const BITS_LABEL = 'quorate/v1/cosigner/paillier-bits';

/** The partner's ephemeral keys. */
export interface PeerKeys {
  readonly index: number;
  readonly x25519: Uint8Array;
  readonly ed25519: Uint8Array;
}

/** The public half of a side's ephemeral keys, and its part of the session id. */
export interface Prepared {
  readonly nonce: Uint8Array;
  readonly x25519: Uint8Array;
  readonly ed25519: Uint8Array;
}

/** A certificate of the partner that holds, and the intent that it was checked by. */
export interface Certified {
  readonly bytes: Uint8Array;
  readonly keys: PeerKeys;
  readonly intent: Uint8Array;
}

/** The intent of a session, from this side's own knowledge. */
export function intentOf(
  { id, index, own, partner, message, bits }: Meaning,
  key: Pick<KeyFacts, 'keyId' | 'epoch' | 'address' | 'bits'> | null,
): Uint8Array {
  const holder = (at: 1 | 2, { name, identity }: Holder) => ({
    index: at,
    username: name,
    fingerprint: chipFingerprint(identity),
  });
  return intentHash({
    sessionKey: id,
    keyId: key === null ? new Uint8Array(32) : fromHex(key.keyId),
    epoch: key?.epoch ?? 0,
    threshold: 2,
    parties: 2,
    holders: [holder(index, own), holder(peerOf(index), partner)],
    signers: [1, 2],
    path: [],
    digest: message?.digest ?? null,
    payloadHash: message?.payloadHash ?? hashFramed(BITS_LABEL, u16(key?.bits ?? bits)),
    address: key?.address ?? null,
  });
}

/** The bytes that this side's chip signs to certify its ephemeral keys. */
export function certificatePayload(
  { id, type, index }: Meaning,
  { nonce, x25519, ed25519 }: Prepared,
  intent: Uint8Array,
  now: number,
): Uint8Array {
  return encodeCertificatePayload({
    operation: type,
    sessionKey: id,
    partIndex: index,
    nonce,
    x25519,
    ed25519,
    intentHash: intent,
    notAfter: now + CERTIFICATE_TIMES.lifetime,
  });
}

/** Checks the partner's certificate; gives its bytes and the keys that it certifies, or the reason against it. */
export function checkCertificate(
  { id, type, index, partner }: Pick<Meaning, 'id' | 'type' | 'index' | 'partner'>,
  text: string,
  intent: Uint8Array,
  now: number,
): Certified | Refusal {
  const partIndex = peerOf(index);
  const judged = judgeCertificate(text, {
    operation: type,
    sessionKey: id,
    partIndex,
    chipPublicKey: partner.identity,
    intentHash: intent,
    now,
  });
  if (!judged.ok) return refusalOf(judged.problem);
  const { bytes, x25519, ed25519 } = judged.certificate;
  return { bytes, keys: { index: partIndex, x25519, ed25519 }, intent };
}

/** The other side. */
export function peerOf(index: 1 | 2): 1 | 2 {
  return index === 1 ? 2 : 1;
}

function refusalOf(problem: CertificateProblem): Refusal {
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
      return { code: 'intent_mismatch', reason: COSIGNER_CODES.intent_mismatch.en };
    case 'expired':
    case 'too-long': {
      const doubt = clockDoubt(problem.notAfter, problem.now);
      return invalid(`a certificate that is expired or too long: ${doubt}`);
    }
    default:
      return problem satisfies never;
  }
}

function invalid(reason: string): Refusal {
  return { code: 'invalid_certificate', reason };
}
