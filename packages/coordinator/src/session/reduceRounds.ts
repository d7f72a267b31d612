/** Applies the messages of rounds, and reports about them, to a session. Pure. */
import type { Event } from './events.ts';
import { fail } from './ending.ts';
import { mayBeHeld } from './revealed.ts';
import type { Rules, RulesOf } from './ceremony.ts';
import { isParty, othersOf } from './parties.ts';
import { problemText, withProblem } from './problems.ts';
import { roundFloor } from './progress.ts';
import { unchanged } from './step.ts';
import type { Effect, SessionState, Step } from './types.ts';

type Of<T extends Event['type']> = Extract<Event, { readonly type: T }>;

const hasRounds = ({ rounds }: Pick<Rules, 'rounds'>, { phase }: SessionState): boolean =>
  rounds > 0 && phase === 'running';

/** Relays a message. */
export function relayed<S extends SessionState>(
  rules: RulesOf<S>,
  state: S,
  event: Of<'relayed'>,
): Step<S> {
  const slot = slotOf(event);
  if (!hasRounds(rules, state) || state.slots.has(slot)) return unchanged(state);
  if (!isParty(state, event.from)) return unchanged(state);
  if (event.to !== null && !isParty(state, event.to)) return unchanged(state);
  const before = state.spoken.get(event.from) ?? { round: 0, messages: 0 };
  const spoken = new Map(state.spoken);
  if (event.round > before.round) spoken.set(event.from, { round: event.round, messages: 1 });
  if (event.round === before.round) {
    spoken.set(event.from, { round: before.round, messages: before.messages + 1 });
  }
  const slots = new Map(state.slots).set(slot, event.hash);
  const next = withRoundDeadline(state, { ...state, slots, spoken }, event.at);
  const to = event.to === null ? othersOf(state, event.from) : [event.to];
  const relay: Effect = { type: 'relay', to };
  // Only a party's first message in a round advances the session: one progress report for each party and
  // round, however many messages the round has.
  return {
    state: next,
    effects: event.round > before.round ? [relay, { type: 'tell-progress' }] : [relay],
  };
}

/** Nobody can go on without that broadcast; after the last round a party may be done already. */
export function unsigned<S extends SessionState>(
  rules: RulesOf<S>,
  state: S,
  event: Of<'unsigned'>,
): Step<S> {
  const { from, round } = event;
  if (!hasRounds(rules, state) || !isParty(state, from)) return unchanged(state);
  const problem = { by: null, about: from, round, reason: 'signature' } as const;
  const next = withProblem(state, problem);
  if (next === state) return unchanged(state);
  const details = problemText(state, problem);
  if (!mayBeHeld(rules, state)) {
    const reason = { code: 'aborted', details, concerned: [from] } as const;
    return fail(rules, next, { success: false, ...reason }, event);
  }
  return { state: next, effects: [{ type: 'tell-progress', warning: details }] };
}

/** A report is its author's word: it changes only the text at the deadline. */
export function reported<S extends SessionState>(
  rules: RulesOf<S>,
  state: S,
  event: Of<'reported'>,
): Step<S> {
  const { from: by, about, round, reason } = event;
  if (!hasRounds(rules, state) || !isParty(state, by) || !isParty(state, about)) {
    return unchanged(state);
  }
  const problem = { by, about, round, reason };
  const next = withProblem(state, problem);
  if (next === state) return unchanged(state);
  const warning = problemText(state, problem);
  return { state: next, effects: [{ type: 'tell-progress', warning }] };
}

/** Restarts the round deadline once everybody has spoken in a later round; a result counts as all rounds. */
export function withRoundDeadline<S extends SessionState>(
  before: SessionState,
  after: S,
  at: number,
): S {
  if (after.phase !== 'running' || roundFloor(after) <= roundFloor(before)) return after;
  return { ...after, roundExpiresAt: at + after.deadlines.round };
}

/** Names the slot of a message; each slot takes one message. */
export function slotOf(message: {
  readonly from: number;
  readonly round: number;
  readonly to: number | null;
}): string {
  return `${message.from}/${message.round}/${message.to ?? '*'}`;
}
