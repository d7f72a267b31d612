/**
 * Round 0: each party's chip certifies its ephemeral keys and the intent; every party checks all others
 * under the chip keys that it pinned itself (docs/spec/channel.md §1).
 */
import type { PeerKeys, Prepared } from '@quorate/holder';
import {
  type Certificate,
  CERTIFICATE_PAYLOAD_LENGTH,
  type CertificateProblem,
  CERTIFICATE_TIMES,
  chipFingerprint,
  encodeCertificatePayload,
  type ExpectedCertificate,
  fromHex,
  type Intent,
  intentHash,
  judgeCertificate,
  type Operation,
  sessionHash,
} from '@quorate/intent';
import { clockDoubt } from '@quorate/wire';
import { randomBytes } from 'node:crypto';
import type { Holder } from '../records/keyRecord.ts';
import { Refusal, refuseUnless } from './refusal.ts';

/** A certificate as `*_params` brings it. */
export interface PeerCertificate {
  readonly username: string;
  readonly part_index: number;
  readonly session_certificate: string;
}

/** The content that every certificate of a session must have. */
export interface CertificateExpectation
  extends Omit<ExpectedCertificate, 'partIndex' | 'chipPublicKey'> {
  /** The parties of this session with their pinned chip keys. */
  readonly signers: readonly Holder[];
  readonly own: { readonly index: number; readonly certificate: Uint8Array };
}

/** Our own certificate, and the chip's name for it. */
export interface OwnCertificate {
  /** payload ‖ DER */
  readonly bytes: Uint8Array;
  /** 171 bytes */
  readonly payload: Uint8Array;
  /** 32 bytes */
  readonly sessionHash: Uint8Array;
}

/** The parties of a session, proven. */
export interface CertifiedSession {
  /** Whole certificates in index order. */
  readonly certificates: readonly Uint8Array[];
  /** All but ourselves. */
  readonly peers: readonly PeerKeys[];
}

/** The payload that our chip signs for a session. */
export function certificatePayload(
  operation: Operation,
  sessionKey: string,
  partIndex: number,
  prepared: Prepared,
  intent: Uint8Array,
  now: number,
): Uint8Array {
  return encodeCertificatePayload({
    operation,
    sessionKey,
    partIndex,
    nonce: prepared.nonce,
    x25519: prepared.x25519,
    ed25519: prepared.ed25519,
    intentHash: intent,
    notAfter: now + CERTIFICATE_TIMES.lifetime,
  });
}

/** In place of a protocol's keys, where no rounds follow. */
export function unusedKeys(): Prepared {
  return { nonce: randomBytes(32), x25519: randomBytes(32), ed25519: randomBytes(32) };
}

/** A certificate of our own chip's, as the chip calls it. */
export function ownCertificate(chipPublicKey: Uint8Array, bytes: Uint8Array): OwnCertificate {
  const payload = bytes.subarray(0, CERTIFICATE_PAYLOAD_LENGTH);
  return { bytes, payload, sessionHash: sessionHash(chipPublicKey, payload) };
}

/** The hash of the agreement, from this agent's own pins. */
export function hashIntent(
  intent: Omit<Intent, 'holders' | 'parties'>,
  holders: readonly Holder[],
): Uint8Array {
  return intentHash({
    ...intent,
    parties: holders.length,
    holders: holders.map((holder) => ({
      index: holder.part_index,
      username: holder.username,
      fingerprint: chipFingerprint(fromHex(holder.chip_public_key)),
    })),
  });
}

/**
 * Checks that there is exactly one good certificate of every signer and no other.
 * @throws Refusal that names the party concerned
 */
export function certifySession(
  received: readonly PeerCertificate[],
  expected: CertificateExpectation,
): CertifiedSession {
  const byIndex = new Map<number, PeerCertificate>();
  for (const peer of received) {
    refuseUnless(!byIndex.has(peer.part_index), 'certificate', `two of part ${peer.part_index}`);
    byIndex.set(peer.part_index, peer);
  }
  const { own } = expected;
  const peers: PeerKeys[] = [];
  const certificates = expected.signers.map((signer) => {
    const peer = byIndex.get(signer.part_index);
    byIndex.delete(signer.part_index);
    if (signer.part_index === own.index) {
      checkOwn(peer, own.certificate);
      return own.certificate;
    }
    refuseUnless(peer !== undefined, 'certificate', `none of part ${signer.part_index}`);
    const { x25519, ed25519, bytes } = checkPeer(peer, signer, expected);
    peers.push({ index: signer.part_index, x25519, ed25519 });
    return bytes;
  });
  const [stranger] = byIndex.keys();
  refuseUnless(stranger === undefined, 'certificate', `part ${stranger} is not in this session`);
  return { certificates, peers };
}

/** The coordinator may send our own back, but not another one in our name. */
function checkOwn(peer: PeerCertificate | undefined, certificate: Uint8Array): void {
  if (!peer) return;
  const same = peer.session_certificate === Buffer.from(certificate).toString('base64');
  refuseUnless(same, 'certificate', 'the coordinator sent another certificate in our own name');
}

function checkPeer(
  peer: PeerCertificate,
  signer: Holder,
  expected: CertificateExpectation,
): Certificate {
  const who = `part ${signer.part_index}`;
  refuseUnless(peer.username === signer.username, 'certificate', `${who} names another person`);
  const judged = judgeCertificate(peer.session_certificate, {
    ...expected,
    partIndex: signer.part_index,
    chipPublicKey: fromHex(signer.chip_public_key),
  });
  if (judged.ok) return judged.certificate;
  const [reason, text] = wordsOf(judged.problem);
  throw new Refusal(reason, `${who}${text}`);
}

function wordsOf(problem: CertificateProblem): readonly [reason: string, text: string] {
  switch (problem.kind) {
    case 'malformed':
      return ['certificate', `'s certificate is malformed: expected ${problem.expected}`];
    case 'operation':
    case 'part-index':
    case 'session':
      return ['certificate', "'s certificate is for another session"];
    case 'chip':
      return [
        'certificate',
        "'s certificate is not signed by the pinned chip; if that chip was replaced, import the newest roster",
      ];
    case 'intent':
      return ['intent_mismatch', ' agreed to something else'];
    case 'expired':
    case 'too-long': {
      const doubt = clockDoubt(problem.notAfter, problem.now);
      return ['certificate', `'s certificate is expired or valid for too long: ${doubt}`];
    }
  }
}
