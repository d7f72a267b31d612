/**
 * Round 0 of two parties (docs/spec/cosigner.md, "Session"): both certify their ephemeral keys and the same intent,
 * each checks the other's certificate under the identity that it pinned itself.
 */
import {
  type Certificate,
  chipFingerprint,
  decodeCertificate,
  encodeCertificatePayload,
  equalBytes,
  fromHex,
  hashFramed,
  IntentError,
  intentHash,
  sha256,
  u16,
  utf8,
  verifyCertificate,
} from '@quorate/intent';
import { clockDoubt, COSIGNER_CODES } from '@quorate/wire';
import type { Refusal } from './refusal.ts';
import type { Holder, KeyFacts, Meaning } from './terms.ts';

const BITS_LABEL = 'quorate/v1/cosigner/paillier-bits';
/** How long our own certificates are good for. */
const LIFETIME_MS = 10 * 60_000;
/** The furthest that a certificate may reach into the future. */
const MAX_LIFETIME_MS = 15 * 60_000;
/** How far two honest clocks may be apart. */
const CLOCK_SKEW_MS = 60_000;

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
    notAfter: now + LIFETIME_MS,
  });
}

/** Checks the partner's certificate; gives its bytes and the keys that it certifies, or the reason against it. */
export function checkCertificate(
  { id, type, index, partner }: Pick<Meaning, 'id' | 'type' | 'index' | 'partner'>,
  text: string,
  intent: Uint8Array,
  now: number,
): Certified | Refusal {
  const certificate = decoded(text);
  if ('code' in certificate) return certificate;
  const { bytes, x25519, ed25519, notAfter } = certificate;
  const fits =
    certificate.operation === type &&
    certificate.partIndex === peerOf(index) &&
    equalBytes(certificate.sessionKeyHash, sha256(utf8(id)));
  if (!fits) return invalid('a certificate for another session');
  if (!verifyCertificate(bytes, partner.identity)) return invalid('not signed by the pinned key');
  if (!equalBytes(certificate.intentHash, intent)) {
    return { code: 'intent_mismatch', reason: COSIGNER_CODES.intent_mismatch.en };
  }
  const ahead = notAfter - now;
  if (ahead <= -CLOCK_SKEW_MS || ahead > MAX_LIFETIME_MS) {
    return invalid(`a certificate that is expired or too long: ${clockDoubt(notAfter, now)}`);
  }
  return { bytes, keys: { index: peerOf(index), x25519, ed25519 }, intent };
}

/** The other side. */
export function peerOf(index: 1 | 2): 1 | 2 {
  return index === 1 ? 2 : 1;
}

function decoded(text: string): Certificate | Refusal {
  try {
    return decodeCertificate(text);
  } catch (error) {
    if (!(error instanceof IntentError)) throw error;
    return invalid(`a malformed certificate: expected ${error.expected}`);
  }
}

function invalid(reason: string): Refusal {
  return { code: 'invalid_certificate', reason };
}
