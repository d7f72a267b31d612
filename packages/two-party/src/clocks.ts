/**
 * Who owes the next word, and its clock (docs/spec/cosigner.md, "Session"). While this side works, the partner owes
 * nothing, and hears every now and then that it does.
 */
import type { PeerSync } from '@quorate/wire';
import type { Effect } from './effects.ts';
import { encodeMail } from './mail.ts';
import { type Change, change, type Living, type State, unchanged } from './state.ts';

/** How often a side that works says so in the time of a step. */
const TIMES_A_STEP = 3;
/** The status that says it. */
const WORKING = 'running';

/** Seconds of a step: the proofs of a set-up take some. */
function stepSeconds({ terms }: Pick<State, 'terms'>): number {
  return terms.type === 'sign' ? terms.deadlines.step : terms.deadlines.setUpStep;
}

/** The partner owes the next word. */
export function waiting(state: Pick<State, 'terms'>): Effect[] {
  return [
    { do: 'disarm', which: 'working' },
    { do: 'arm', which: 'step', seconds: stepSeconds(state) },
  ];
}

/** This side owes it. */
export function working(state: Pick<State, 'terms'>): Effect[] {
  return [
    { do: 'disarm', which: 'step' },
    { do: 'arm', which: 'working', seconds: stepSeconds(state) / TIMES_A_STEP },
  ];
}

/** Says that this side works, and sees to it that it will say so again. */
export function sayWorking(state: Living): Change {
  if (!isAtWork(state)) return unchanged(state);
  const plaintext = encodeMail({ status: WORKING } satisfies PeerSync);
  const mail = { type: 'session_sync', round: 0, plaintext, signature: '' } as const;
  return change(state, { do: 'tell', mail }, ...working(state));
}

/** The partner says that it works: it has the time of a step from now on. */
export function partnerWorks(state: Living, status: string): Change {
  if (status !== WORKING || !isOwedWord(state)) return unchanged(state);
  return change(state, { do: 'arm', which: 'step', seconds: stepSeconds(state) });
}

/** Whether the session stands because of work at this side. */
function isAtWork(state: Living): boolean {
  if (state.phase === 'signing' || state.phase === 'settingUp') return state.owed > 0;
  return state.phase === 'storing';
}

/** Whether it stands because of the partner. */
export function isOwedWord(state: Living): boolean {
  if (state.phase === 'signing' || state.phase === 'settingUp') return state.owed === 0;
  return state.phase === 'proposed' || state.phase === 'stored';
}
