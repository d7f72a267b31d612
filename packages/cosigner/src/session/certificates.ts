/**
 * Round 0 of two parties (docs/spec/cosigner.md, "Session"): both certify their ephemeral keys and the same intent,
 * each checks the other's certificate under the identity that it pinned itself.
 */
import {
  chipFingerprint,
  decodeCertificate,
  encodeCertificatePayload,
  equalBytes,
  fromHex,
  hashFramed,
  IntentError,
  intentHash,
  u16,
  verifyCertificate,
} from '@quorate/intent';
import type { PeerKeys, Prepared } from '@quorate/agent';
import { clockDoubt } from '@quorate/wire';
import { createHash } from 'node:crypto';
import { CosignerError } from '../errors.ts';
import type { PublicIdentity } from '../partner.ts';
import type { KeyRecord } from '../store/keyRecords.ts';
import type { Proposal, SessionContext } from './context.ts';

const BITS_LABEL = 'quorate/v1/cosigner/paillier-bits';
/** How long our own certificates are good for. */
const LIFETIME_MS = 10 * 60_000;
/** The furthest that a certificate may reach into the future. */
const MAX_LIFETIME_MS = 15 * 60_000;
/** How far two honest clocks may be apart. */
const CLOCK_SKEW_MS = 60_000;

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
    notAfter: context.now() + LIFETIME_MS,
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
  const certificate = decoded(text);
  const peerIndex = context.index === 1 ? 2 : 1;
  const fits =
    certificate.operation === type &&
    certificate.partIndex === peerIndex &&
    equalBytes(certificate.sessionKeyHash, createHash('sha256').update(id).digest());
  if (!fits) throw new CosignerError('invalid_certificate', 'a certificate for another session');
  if (!verifyCertificate(certificate.bytes, partner.identity)) {
    throw new CosignerError('invalid_certificate', 'not signed by the pinned key');
  }
  if (!equalBytes(certificate.intentHash, intent)) throw new CosignerError('intent_mismatch');
  const now = context.now();
  const ahead = certificate.notAfter - now;
  if (ahead <= -CLOCK_SKEW_MS || ahead > MAX_LIFETIME_MS) {
    const doubt = clockDoubt(certificate.notAfter, now);
    throw new CosignerError(
      'invalid_certificate',
      `a certificate that is expired or too long: ${doubt}`,
    );
  }
  const { bytes, x25519, ed25519 } = certificate;
  return { bytes, keys: { index: peerIndex, x25519, ed25519 }, intent };
}

function decoded(text: string): ReturnType<typeof decodeCertificate> {
  try {
    return decodeCertificate(text);
  } catch (error) {
    const expected = error instanceof IntentError ? `: expected ${error.expected}` : '';
    throw new CosignerError('invalid_certificate', `a malformed certificate${expected}`, error);
  }
}
