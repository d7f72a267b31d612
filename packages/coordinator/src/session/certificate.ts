/** What the server checks of a session certificate, and the session id that all of them make. */
import {
  type Certificate,
  chipFingerprint,
  decodeCertificate,
  deriveSessionId,
  equalBytes,
  fromHex,
  IntentError,
  intentHash,
  sessionHash,
  toHex,
  utf8,
  verifyCertificate,
} from '@quorate/intent';
import { clockDoubt, DEADLINES } from '@quorate/wire';
import { createHash } from 'node:crypto';
import type { IntentTerms } from './ceremony.ts';
import type { FailureCode, Party, SessionState } from './types.ts';

/** Milliseconds that a certificate may be valid ahead of now. */
const MAX_VALIDITY = DEADLINES.certificate;

/** Clocks of participants may differ from the server's by this much. */
const CLOCK_SKEW = 60_000;

/** Whether a certificate is no longer good, by clocks that may differ. */
export function isExpired({ notAfter }: Pick<Certificate, 'notAfter'>, now: number): boolean {
  return notAfter <= now - CLOCK_SKEW;
}

/** A certificate that passed, or why it did not. */
export type CertificateCheck =
  | { readonly ok: true; readonly sessionHash: string }
  | { readonly ok: false; readonly code: FailureCode; readonly details: string };

/** What a certificate has to be for. */
export interface Expected {
  readonly operation: Certificate['operation'];
  readonly sessionKey: string;
  readonly partIndex: number;
  readonly seId: string;
  /** Lower-case hex of 65 bytes: the registered key of that chip. */
  readonly chipPublicKey: string;
  /** 32 bytes. */
  readonly intentHash: Uint8Array;
  readonly now: number;
}

/** Checks a party's certificate: this session, this party, its registered chip, the server's own intent. */
export function checkCertificate(
  { state, terms }: { readonly state: SessionState; readonly terms: IntentTerms },
  party: Party,
  text: string,
  now: number,
): CertificateCheck {
  return verifyFor(text, {
    operation: state.kind,
    sessionKey: state.sessionKey,
    partIndex: party.index,
    seId: party.seId,
    chipPublicKey: party.chipPublicKey,
    intentHash: intentOf(state, terms),
    now,
  });
}

/** Checks a certificate against everything that it has to be for. */
export function verifyFor(text: string, expected: Expected): CertificateCheck {
  const { now } = expected;
  const certificate = decoded(text);
  if (certificate instanceof IntentError) return invalid(certificate.expected);
  const chip = fromHex(expected.chipPublicKey);
  if (!verifyCertificate(certificate.bytes, chip)) {
    return { ok: false, code: 'chip_mismatch', details: `not signed by the chip ${expected.seId}` };
  }
  if (certificate.operation !== expected.operation) {
    return invalid(`operation ${expected.operation}`);
  }
  if (!equalBytes(certificate.sessionKeyHash, sha256(expected.sessionKey))) {
    return invalid(`a certificate for session ${expected.sessionKey}`);
  }
  if (certificate.partIndex !== expected.partIndex) {
    return invalid(`part_index ${expected.partIndex}`);
  }
  const { notAfter } = certificate;
  if (isExpired(certificate, now)) {
    return invalid(`a certificate that has not expired: ${clockDoubt(notAfter, now)}`);
  }
  if (notAfter > now + MAX_VALIDITY + CLOCK_SKEW) {
    return invalid(`a certificate valid for at most 15 minutes: ${clockDoubt(notAfter, now)}`);
  }
  if (!equalBytes(certificate.intentHash, expected.intentHash)) {
    return invalid(
      'a certificate for the parameters of this session; if a chip was replaced, this participant needs the newest roster: quorate agent roster import',
    );
  }
  return { ok: true, sessionHash: toHex(sessionHash(chip, certificate.payloadBytes)) };
}

function decoded(text: string): Certificate | IntentError {
  try {
    return decodeCertificate(text);
  } catch (error) {
    if (error instanceof IntentError) return error;
    throw error;
  }
}

function invalid(expected: string): CertificateCheck {
  return { ok: false, code: 'invalid_certificate', details: `expected ${expected}` };
}

/** The hash of what every party of the session has to agree to (docs/spec/intent.md §1). */
function intentOf(state: SessionState, terms: IntentTerms): Uint8Array {
  const { keyId, epoch, holders, signers, digest, payloadHash, address } = terms;
  return intentHash({
    sessionKey: state.sessionKey,
    keyId: keyId === null ? new Uint8Array(32) : fromHex(keyId),
    epoch,
    threshold: state.threshold,
    parties: state.totalParts,
    holders: holders.map(({ index, username, chipPublicKey }) => ({
      index,
      username,
      fingerprint: chipFingerprint(fromHex(chipPublicKey)),
    })),
    signers,
    path: [],
    digest: digest === null ? null : fromHex(digest),
    payloadHash: payloadHash === null ? null : fromHex(payloadHash),
    address,
  });
}

/** The indexes that take part, sorted as numbers. */
export function signersOf(state: SessionState): number[] {
  return indexesOf(state.parties);
}

/** The indexes of a list, sorted as numbers. */
export function indexesOf(parties: readonly { readonly index: number }[]): number[] {
  return parties.map(({ index }) => index).sort((a, b) => a - b);
}

/** Session ids of running sessions, by their answers: each broadcast of a session needs it. */
const sessionIds = new WeakMap<SessionState['answers'], Uint8Array>();

/**
 * The session id that the parties derive from the key and all certificates; without a key yet it becomes the
 * id of the new one. Undefined while a certificate is missing.
 */
export function sessionIdOf(
  state: SessionState,
  keyId: IntentTerms['keyId'],
): Uint8Array | undefined {
  const known = sessionIds.get(state.answers);
  if (known !== undefined) return known;
  const certificates: string[] = [];
  for (const index of signersOf(state)) {
    const answer = state.answers.get(index);
    if (answer === undefined) return undefined;
    certificates.push(answer.certificate);
  }
  const sid = deriveSessionId(keyId === null ? null : fromHex(keyId), certificates);
  sessionIds.set(state.answers, sid);
  return sid;
}

function sha256(text: string): Uint8Array {
  return createHash('sha256').update(utf8(text)).digest();
}
