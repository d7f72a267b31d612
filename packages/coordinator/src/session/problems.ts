/**
 * Tracks messages of rounds that a party could not use, and who delays the session as far as known.
 *
 * Pure. Silence is never blame, and a report is no proof: reporter and reported are both named, each as such.
 */
import { nameOf } from './parties.ts';
import { laggards, usefulLaggards } from './progress.ts';
import type { Problem, SessionState } from './types.ts';

/** Adds a problem to the state; a known problem leaves the state unchanged. */
export function withProblem<S extends SessionState>(state: S, problem: Problem): S {
  const key = problemKey(problem);
  if (state.problems.has(key)) return state;
  return { ...state, problems: new Map(state.problems).set(key, problem) };
}

/** The key by which problems count as one: it leaves the reason out, so that reports stay bounded. */
export function problemKey({ by, about, round }: Omit<Problem, 'reason'>): string {
  return `${by ?? 'server'}/${about}/${round}`;
}

/** A problem in words. */
export function problemText(state: SessionState, problem: Problem): string {
  const { by, about, round, reason } = problem;
  const author = nameOf(state, about);
  if (by === null) return `the broadcast of ${author} in round ${round} is not signed by its key`;
  const reporter = nameOf(state, by);
  if (reason !== 'missing') {
    return `${reporter} could not use the message of ${author} in round ${round} (${reason})`;
  }
  const passed = wasPassedOn(state, problem) ? ', which was passed on to it' : '';
  return `${reporter} waits for the message of ${author} in round ${round}${passed}`;
}

/** Describes who delays a session, and lists every index concerned. */
export function overdue(
  state: SessionState,
  what: string,
): { readonly details: string; readonly concerned: number[] } {
  const told = [...state.problems.values()].filter((problem) => isNews(state, problem));
  if (told.length === 0) return { details: what, concerned: laggards(state) };
  const late = new Set([...laggards(state), ...usefulLaggards(state)]);
  const involved = new Set(told.flatMap(({ by, about }) => (by === null ? [about] : [by, about])));
  const silent = [...late].filter((index) => !involved.has(index)).sort((a, b) => a - b);
  const names = silent.map((index) => nameOf(state, index)).join(', ');
  const missing = names === '' ? [] : [`nothing came from ${names}`];
  const details = [what, ...missing, ...told.map((one) => problemText(state, one))].join('; ');
  const concerned = [...new Set([...late, ...involved])].sort((a, b) => a - b);
  return { details, concerned };
}

/** Whether a report adds to what this server knows: it knows by itself who has not spoken. */
function isNews(state: SessionState, problem: Problem): boolean {
  return problem.reason !== 'missing' || wasPassedOn(state, problem);
}

/**
 * Whether everything that the author owed in that round was relayed to those who wait for it, as far as known.
 */
function wasPassedOn(state: SessionState, { by, about, round }: Problem): boolean {
  if (laggards(state).includes(about)) return false;
  return [by ?? '*', '*'].some((to) => state.slots.has(`${about}/${round}/${to}`));
}
