/** Decides when a signature is over and how (docs/spec/wire.md §6). Pure. */
import type { OutcomeOf } from '../../session/ceremony.ts';
import { aborted, disagreement, firstFailure, unknownOutcome } from '../../session/failures.ts';
import type { SignState } from './state.ts';

/** How far a session is, besides its results. */
interface Standing {
  readonly deadlinePassed: boolean;
  /** Whether a party may hold the signature. */
  readonly held: boolean;
}

/** The first verified signature is the outcome: no other result, and no missing one, changes it. */
export function outcome(
  state: SignState,
  { deadlinePassed, held }: Standing,
): OutcomeOf<SignState> | undefined {
  const all = state.results.size === state.parties.length;
  const [signature] = signaturesOf(state);
  if (signature !== undefined) {
    if (state.rules === undefined) return finishedByAll(state, all || deadlinePassed);
    return { success: true, address: state.target.address, signature, missing: [] };
  }
  const failed = firstFailure(state);
  // After the last round any signer may hold the signature, so wait for the remaining results.
  if (held && (all || deadlinePassed)) return unknownOutcome(state, failed);
  if (!held && failed !== undefined) return aborted(state, failed);
  return undefined;
}

const signaturesOf = ({ results }: SignState): string[] =>
  [...results.values()].flatMap((result) => (result.success ? [result.signature] : []));

/** The rules of the first version: wait for every result, and require all of them to be equal. */
function finishedByAll(state: SignState, over: boolean): OutcomeOf<SignState> | undefined {
  const [signature = '', ...others] = signaturesOf(state);
  if (others.some((other) => other !== signature)) {
    return disagreement(state, 'the participants report different signatures');
  }
  if (!over) return undefined;
  const missing = state.parties
    .map(({ index }) => index)
    .filter((index) => state.results.get(index)?.success !== true);
  return { success: true, address: state.target.address, signature, missing };
}
