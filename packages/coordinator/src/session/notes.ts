/** What is known of a session beside its outcome: who could not use what, and results that did not decide it. */
import { nameOf } from './parties.ts';
import { problemText } from './problems.ts';
import { withoutResult } from './reduceSign.ts';
import type { Result, SessionState } from './types.ts';

/** Notes that a view shows at most. */
const MOST = 64;

/** Notes in words, each with the party that it is about. */
export function notesOf(state: SessionState): string[] {
  const problems = [...state.problems.values()].map((problem) => problemText(state, problem));
  return [...problems, ...resultNotes(state)].slice(0, MOST);
}

function resultNotes(state: SessionState): string[] {
  if (state.kind !== 'sign' || state.outcome === undefined) return [];
  const notes = [...state.results].flatMap(([index, result]) => {
    const note = noteOn(state, result);
    return note === undefined ? [] : [`${nameOf(state, index)}: ${note}`];
  });
  if (state.missingNoted !== true) return notes;
  return [...notes, ...withoutResult(state).map((index) => `${nameOf(state, index)}: no result`)];
}

function noteOn({ outcome }: SessionState, result: Result): string | undefined {
  // The outcome of a session that failed says already what failed.
  if (!result.success) return outcome?.success === true ? result.message : undefined;
  if (result.kind !== 'sign') return undefined;
  if (outcome?.success !== true) return 'has a signature that came after the end';
  return outcome.signature === result.signature ? undefined : 'reported another signature';
}
