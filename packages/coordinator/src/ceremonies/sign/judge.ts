/** Checks a signer's result before it counts. Pure. */
import type { SignResult } from '@quorate/wire';
import { fromHex, parseSignature, verifyFinalSignature } from '@quorate/intent';
import type { ResultIn } from '../../session/ceremony.ts';
import { type Decision, refused, repeated, wrongState } from '../../session/decision.ts';
import { refuse } from '../../session/refusal.ts';
import { reportedFailure, settled, tolerant } from '../../session/results.ts';
import type { Party } from '../../session/types.ts';
import { sessionIdOf } from '../../session/certificate.ts';
import type { SignState } from './state.ts';

/** Judges the result of a signature. */
export function judge(state: SignState, party: Party, message: SignResult, at: number): Decision {
  const from = party.index;
  const result: ResultIn<SignState> = message.success
    ? { success: true, kind: 'sign', signature: message.signature.toLowerCase() }
    : reportedFailure(state, sessionIdOf(state, state.target.keyId), message);
  const decided = settledSignature(state, party, result);
  if (decided !== undefined) return decided;
  if (result.success && state.phase === 'inviting') return wrongState(state, message.type);
  if (result.success && !isSignatureOf(state, result.signature)) {
    const details = 'the signature does not verify for this address and digest';
    // After a failure nobody needs to know of a false signature.
    if (state.phase === 'failed') return refused(refuse('invalid_result', details));
    return { kind: 'event', event: { type: 'refuted', at, from, code: 'invalid_result', details } };
  }
  return { kind: 'event', event: { type: 'finished', at, from, result } };
}

/** Notes a result after the end, once: a signature always, a failure only if there is a signature. */
function settledSignature(
  state: SignState,
  party: Party,
  result: ResultIn<SignState>,
): Decision | undefined {
  const given = state.results.has(party.index);
  if (given || state.rules === undefined) return settled(state, party, result);
  return state.phase === 'failed' && !result.success ? repeated : undefined;
}

/** Whether the signature verifies; one equal to a verified one does as well. */
function isSignatureOf({ target, results }: SignState, signature: string): boolean {
  for (const known of results.values()) {
    if (known.success && known.signature === signature) return true;
  }
  return tolerant(() =>
    verifyFinalSignature(fromHex(target.digest), parseSignature(signature), target.address),
  );
}
