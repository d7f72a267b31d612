/**
 * Judges a reported abort (docs/spec/wire.md §10): it is a party's word, unless its evidence convinces
 * somebody who was not there and cannot read the messages.
 *
 * Pure. Two different messages for one slot, both signed by the same party for this session, prove
 * equivocation. Only the protocol can tell that a signed message is false, and this server does not contain
 * the protocol: such a report stays its author's claim, kept with the signed message.
 */
import { reopenCertificate, encodePublicJwk, roundSigningInput } from '@quorate/intent';
import type { Abort, Evidence } from '@quorate/wire';
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { SessionState } from './types.ts';

/** A report after its check. */
export interface Blame {
  /** The report with the parts of its evidence that verify. */
  readonly abort: Abort;
  /** Indexes of the parties whose own signatures prove that they deviated. */
  readonly proven: readonly number[];
}

/** Checks the evidence of a report against the certified keys of the session with this id. */
export function judgeReport(state: SessionState, sid: Uint8Array | undefined, abort: Abort): Blame {
  const signed = (abort.evidence ?? []).filter((evidence) => isSigned(state, sid, evidence));
  const { evidence: _, ...report } = abort;
  const kept = signed.length === 0 ? report : { ...report, evidence: signed };
  return { abort: kept, proven: equivocators(signed) };
}

/** Returns the parties that signed two different messages for one slot, by ascending index. */
function equivocators(signed: readonly Evidence[]): number[] {
  const guilty = signed.filter((one) =>
    signed.some((other) => sameSlot(one, other) && one.body !== other.body),
  );
  return [...new Set(guilty.map(({ from }) => from))].sort((a, b) => a - b);
}

const sameSlot = (one: Evidence, other: Evidence): boolean =>
  one.from === other.from && one.round === other.round && one.to === other.to;

/**
 * Whether the party named in a message signed it for this session; for a pairwise message the plaintext is
 * signed.
 */
export function isSigned(
  state: SessionState,
  sid: Uint8Array | undefined,
  evidence: Evidence,
): boolean {
  const answer = state.answers.get(evidence.from);
  if (sid === undefined || answer === undefined) return false;
  const { round, from, to, body, signature } = evidence;
  const bodyHash = createHash('sha256').update(Buffer.from(body, 'base64')).digest();
  const input = roundSigningInput(sid, round, from, to, bodyHash);
  // An older version may have judged the certificate less strictly when it came.
  try {
    return verify(null, input, signingKey(answer), Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

/** Keyed by the answers of sessions in memory: a party signs several broadcasts with one key. */
const signingKeys = new WeakMap<{ readonly certificate: string }, KeyObject>();

function signingKey(answer: { readonly certificate: string }): KeyObject {
  const known = signingKeys.get(answer);
  if (known !== undefined) return known;
  const raw = reopenCertificate(answer.certificate).ed25519;
  const key = createPublicKey({ key: encodePublicJwk('Ed25519', raw), format: 'jwk' });
  signingKeys.set(answer, key);
  return key;
}
