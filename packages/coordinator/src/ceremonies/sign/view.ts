/** Shows a signature: its digest, the signature, and results that did not decide it. */
import type { ResultIn, View } from '../../session/ceremony.ts';
import { nameOf } from '../../session/parties.ts';
import { withoutResult } from './afterEnd.ts';
import type { SignState } from './state.ts';

export const view: View<SignState> = {
  digest: ({ target }) => target.digest,
  signature: signatureOf,
  notes: notesOf,
  reason: async () => undefined,
};

/** The signature of the outcome, or one that came after the session had ended without one. */
function signatureOf({ outcome, results }: SignState): string | null {
  if (outcome === undefined) return null;
  if (outcome.success) return outcome.signature;
  for (const result of results.values()) {
    if (result.success) return result.signature;
  }
  return null;
}

function notesOf(state: SignState): string[] {
  if (state.outcome === undefined) return [];
  const notes = [...state.results].flatMap(([index, result]) => {
    const note = noteOn(state, result);
    return note === undefined ? [] : [`${nameOf(state, index)}: ${note}`];
  });
  if (state.missingNoted !== true) return notes;
  return [...notes, ...withoutResult(state).map((index) => `${nameOf(state, index)}: no result`)];
}

function noteOn({ outcome }: SignState, result: ResultIn<SignState>): string | undefined {
  // The outcome of a failed session names the failure already.
  if (!result.success) return outcome?.success === true ? result.message : undefined;
  if (outcome?.success !== true) return 'has a signature that came after the end';
  return outcome.signature === result.signature ? undefined : 'reported another signature';
}
