/** Checks session certificates, and derives the session id from all of them. */
import {
  type CertificateProblem,
  chipFingerprint,
  deriveSessionId,
  type ExpectedCertificate,
  fromHex,
  intentHash,
  judgeCertificate,
  sessionHash,
  toHex,
} from '@quorate/intent';
import { clockDoubt } from '@quorate/wire';
import type { IntentTerms } from './ceremony.ts';
import type { FailureCode, Party, SessionState } from './types.ts';

/** A certificate that passed, or why it did not. */
export type CertificateCheck =
  | { readonly ok: true; readonly sessionHash: string }
  | { readonly ok: false; readonly code: FailureCode; readonly details: string };

/** The facts that a certificate must be for, and the name of its chip for messages. */
export interface Expected extends Omit<ExpectedCertificate, 'chipPublicKey'> {
  readonly seId: string;
  /** Lower-case hex of 65 bytes: the registered key of that chip. */
  readonly chipPublicKey: string;
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

/** Checks a certificate against everything that it must be for. */
export function verifyFor(text: string, expected: Expected): CertificateCheck {
  const chipPublicKey = fromHex(expected.chipPublicKey);
  const judged = judgeCertificate(text, { ...expected, chipPublicKey });
  if (!judged.ok) return refusalOf(judged.problem, expected);
  return {
    ok: true,
    sessionHash: toHex(sessionHash(chipPublicKey, judged.certificate.payloadBytes)),
  };
}

function refusalOf(problem: CertificateProblem, expected: Expected): CertificateCheck {
  switch (problem.kind) {
    case 'malformed':
      return invalid(problem.expected);
    case 'operation':
      return invalid(`operation ${expected.operation}`);
    case 'part-index':
      return invalid(`part_index ${expected.partIndex}`);
    case 'session':
      return invalid(`a certificate for session ${expected.sessionKey}`);
    case 'chip':
      return {
        ok: false,
        code: 'chip_mismatch',
        details: `not signed by the chip ${expected.seId}`,
      };
    case 'intent':
      return invalid(
        'a certificate for the parameters of this session; if a chip was replaced, this participant needs the newest roster: quorate agent roster import',
      );
    case 'expired':
      return invalid(
        `a certificate that has not expired: ${clockDoubt(problem.notAfter, problem.now)}`,
      );
    case 'too-long':
      return invalid(
        `a certificate valid for at most 15 minutes: ${clockDoubt(problem.notAfter, problem.now)}`,
      );
  }
}

function invalid(expected: string): CertificateCheck {
  return { ok: false, code: 'invalid_certificate', details: `expected ${expected}` };
}

/** Hashes the intent that every party of the session must agree to (docs/spec/intent.md §1). */
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

/** Indexes of the parties that take part, sorted as numbers. */
export function signersOf(state: SessionState): number[] {
  return indexesOf(state.parties);
}

/** Indexes of a list, sorted as numbers. */
export function indexesOf(parties: readonly { readonly index: number }[]): number[] {
  return parties.map(({ index }) => index).sort((a, b) => a - b);
}

/** Session ids of running sessions, by their answers: each broadcast of a session needs it. */
const sessionIds = new WeakMap<SessionState['answers'], Uint8Array>();

/**
 * Derives the session id from the key and all certificates, as every party does; without a key yet it becomes
 * the new key's id. Undefined while a certificate is missing.
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
