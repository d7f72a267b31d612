/** Turns failures that participants report into outcomes (docs/spec/wire.md §10). Pure. */
import type { Abort, Claim } from '@quorate/wire';
import { nameOf } from './parties.ts';
import { overdue } from './problems.ts';
import type { Failed, Failure, FailureCode, SessionState } from './types.ts';

/** A participant's message when it has lost a session's secrets (docs/spec/wire.md §10). */
const RESTARTED = 'participant_restarted';

/** Codes that begin a participant's own message about its end. */
const SAID: readonly FailureCode[] = ['expired', 'thread_stopped'];

/** A failure and the index of the party that reported it. */
export type ReportedFailure = { readonly index: number } & Failure;

/** The failure that was reported first; undefined when there is none. */
export function firstFailure(state: SessionState): ReportedFailure | undefined {
  for (const [index, result] of state.results) {
    if (!result.success) return { index, ...result };
  }
  return undefined;
}

/** The outcome after a participant's failure ended the session. */
export function aborted(state: SessionState, failure: ReportedFailure): Failed {
  return { success: false, code: codeOf(failure.message), ...described(state, failure) };
}

/** The outcome when participants contradict each other. */
export function disagreement(state: SessionState, details: string): Failed {
  const concerned = [...state.results.keys()];
  return { success: false, code: 'conflicting_results', details, concerned };
}

/** The outcome of a session that failed when a party may hold its output. */
export function unknownOutcome(state: SessionState, failure: ReportedFailure | undefined): Failed {
  const what =
    failure === undefined
      ? overdue(state, 'no result came after the last round')
      : described(state, failure);
  return { success: false, code: 'unknown_outcome', ...what };
}

/** The code at the start of a participant's own message about its end. */
function codeOf(message: string): FailureCode {
  if (message === RESTARTED) return 'participant_restarted';
  return SAID.find((code) => message.startsWith(`${code}: `)) ?? 'aborted';
}

/**
 * Words one participant's report. With a proof, the proven culprits are concerned; without one, the reporter
 * and those it accuses, each named as such.
 */
function described(
  state: SessionState,
  { index, message, abort, proven = [] }: ReportedFailure,
): { details: string; concerned: number[]; abort?: Abort; claim?: Claim } {
  const name = (of: number): string => nameOf(state, of);
  const named = (of: readonly number[]): string =>
    of.map((each) => `part ${each} (${name(each)})`).join(', ');
  const known = new Set(state.parties.map((party) => party.index));
  const accused = new Set(abort?.culprits ?? []);
  const claimed = [...accused]
    .filter((each) => known.has(each) && each !== index && !proven.includes(each))
    .sort((a, b) => a - b);
  const proof = proven.length === 0 ? '' : `; proven: ${named(proven)}`;
  const claim = claimed.length === 0 ? '' : `; claimed by ${named([index])}: ${named(claimed)}`;
  return {
    details: `${name(index)}: ${message}${proof}${claim}`,
    concerned: proven.length > 0 ? [...proven] : [index, ...claimed],
    ...(abort === undefined ? {} : { abort: { ...abort, culprits: [...proven] } }),
    ...(claimed.length === 0 ? {} : { claim: { by: index, culprits: claimed } }),
  };
}
