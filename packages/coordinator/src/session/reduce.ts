/**
 * The reducer: applies an event to a session and returns the new state and its effects.
 *
 * Pure and total. Events are checked before they are stored (decide.ts), so a replay repeats no verification;
 * an event that does not fit the state changes nothing, in whatever order events come. The rules of a kind say
 * where it differs.
 */
import type { RulesOf } from './ceremony.ts';
import { complete, end, fail } from './ending.ts';
import type { Event } from './events.ts';
import { isParty } from './parties.ts';
import { overdue } from './problems.ts';
import { currentDeadline, isBound } from './progress.ts';
import { relayed, reported, unsigned, withRoundDeadline } from './reduceRounds.ts';
import { unchanged } from './step.ts';
import type { Effect, Opening, Requested, Result, SessionState, Step } from './types.ts';

/** Returns the state and effects of an accepted request. */
export function firstStep<S extends SessionState>(rules: RulesOf<S>, event: Requested): Step<S> {
  return {
    state: rules.open(event, openingOf(event)),
    effects: [{ type: 'invite' }, { type: 'tell-progress' }],
  };
}

function openingOf(event: Requested): Opening {
  const { at, deadlines } = event;
  return {
    sessionKey: event.sessionKey,
    coordinator: event.coordinator,
    threshold: event.threshold,
    totalParts: event.totalParts,
    parties: event.parties,
    deadlines,
    warnings: event.warnings,
    phase: 'inviting',
    createdAt: at,
    updatedAt: at,
    inviteExpiresAt: at + deadlines.invitation,
    sessionExpiresAt: at + deadlines.session,
    roundExpiresAt: 0,
    answers: new Map(),
    slots: new Map(),
    spoken: new Map(),
    renewals: new Map(),
    problems: new Map(),
    results: new Map<number, never>(),
  };
}

/** Returns the state after an event, and its effects. */
export function apply<S extends SessionState>(rules: RulesOf<S>, state: S, event: Event): Step<S> {
  const step = advance(rules, state, event);
  if (step.state === state) return step;
  return { ...step, state: { ...step.state, updatedAt: Math.max(state.updatedAt, event.at) } };
}

function advance<S extends SessionState>(rules: RulesOf<S>, state: S, event: Event): Step<S> {
  if (state.phase === 'completed' || state.phase === 'failed') return rules.afterEnd(state, event);
  switch (event.type) {
    case 'requested':
      return unchanged(state);
    case 'accepted':
      return accepted(state, event);
    case 'declined':
      return declined(rules, state, event);
    case 'relayed':
      return relayed(rules, state, event);
    case 'unsigned':
      return unsigned(rules, state, event);
    case 'reported':
      return reported(rules, state, event);
    case 'challenged':
      return state.phase === 'running' ? renewed(state, event) : unchanged(state);
    case 'finished':
      return finished(rules, state, event);
    case 'refuted':
      return refuted(rules, state, event);
    case 'ended':
      return ended(rules, state, event);
    case 'excused':
    case 'delayed':
    case 'closed':
      return rules.onDeletion(state, event);
    case 'expired':
      return expired(rules, state, event);
    case 'resumed':
      return resumed(state, event.at);
  }
}

type Of<T extends Event['type']> = Extract<Event, { readonly type: T }>;

const progress: Effect = { type: 'tell-progress' };

function accepted<S extends SessionState>(state: S, event: Of<'accepted'>): Step<S> {
  if (state.phase !== 'inviting' || state.answers.has(event.from)) return unchanged(state);
  if (!isParty(state, event.from)) return unchanged(state);
  const { certificate, sessionHash, challenge } = event;
  const chip = challenge === undefined ? {} : { challenge, offered: challenge };
  const answer = { certificate, sessionHash, ...chip };
  const answers = new Map(state.answers).set(event.from, answer);
  if (answers.size < state.parties.length) {
    return { state: { ...state, answers }, effects: [progress] };
  }
  const roundExpiresAt = event.at + state.deadlines.round;
  return {
    state: { ...state, answers, phase: 'running', roundExpiresAt },
    effects: [{ type: 'begin' }, progress],
  };
}

function declined<S extends SessionState>(
  rules: RulesOf<S>,
  state: S,
  event: Of<'declined'>,
): Step<S> {
  if (state.phase !== 'inviting' || !isParty(state, event.from)) return unchanged(state);
  const { reason: details, from } = event;
  const reason = { code: 'participant_declined', details, concerned: [from] } as const;
  return fail(rules, state, { success: false, ...reason }, event);
}

/** Authorises a chip for its new challenge after it lost the old one. */
export function renewed<S extends SessionState>(
  state: S,
  { from, challenge }: Of<'challenged'>,
): Step<S> {
  const answer = state.answers.get(from);
  if (answer === undefined) return unchanged(state);
  const answers = new Map(state.answers).set(from, { ...answer, challenge });
  const renewals = new Map(state.renewals).set(from, renewalsOf(state, from) + 1);
  return {
    state: { ...state, answers, renewals },
    effects: [{ type: 'renew', to: from, challenge }],
  };
}

function finished<S extends SessionState>(
  rules: RulesOf<S>,
  state: S,
  event: Of<'finished'>,
): Step<S> {
  const { from, result } = event;
  if (!isParty(state, from) || state.results.has(from)) return unchanged(state);
  // A restarted participant may report it while others are still being asked (docs/spec/wire.md §10).
  if (state.phase === 'inviting' && result.success) return unchanged(state);
  if (isBound(rules, state) && !result.success) return unchanged(state);
  return withResult(rules, state, result, event);
}

function withResult<S extends SessionState>(
  rules: RulesOf<S>,
  state: S,
  result: Result,
  cause: Of<'finished' | 'refuted'>,
): Step<S> {
  const { from, at } = cause;
  const results = new Map(state.results).set(from, result);
  const next = withRoundDeadline(state, { ...state, results }, at);
  const own = rules.onResult(from, result);
  const outcome = rules.outcome(next, false);
  if (outcome === undefined) return { state: next, effects: [...own, progress] };
  const ended = end(rules, next, outcome, cause);
  return { state: ended.state, effects: [...own, ...ended.effects] };
}

function refuted<S extends SessionState>(
  rules: RulesOf<S>,
  state: S,
  event: Of<'refuted'>,
): Step<S> {
  const { from, code, details } = event;
  if (!isParty(state, from) || isBound(rules, state)) return unchanged(state);
  if (rules.toleratesFalse(state, event)) {
    if (state.results.has(from)) return unchanged(state);
    return withResult(rules, state, { success: false, message: details }, event);
  }
  return fail(rules, state, { success: false, code, details, concerned: [from] }, event);
}

/** A session that every party is bound to continues, whatever happens around it. */
function ended<S extends SessionState>(rules: RulesOf<S>, state: S, event: Of<'ended'>): Step<S> {
  if (isBound(rules, state)) return unchanged(state);
  const { code, details, concerned } = event;
  return fail(rules, state, { success: false, code, details, concerned }, event);
}

function expired<S extends SessionState>(
  rules: RulesOf<S>,
  state: S,
  event: Of<'expired'>,
): Step<S> {
  const passed = event.deadline ?? event.at;
  const deadline = currentDeadline(rules, state);
  if (deadline === undefined || passed < deadline) return unchanged(state);
  const outcome = rules.outcome(state, true);
  if (outcome?.success === true) return complete(state, outcome);
  if (outcome !== undefined) return fail(rules, state, outcome, event);
  const missing = state.phase === 'inviting' ? 'no answer to the invitation' : 'nothing more came';
  const reason = { code: 'timeout', ...overdue(state, missing) } as const;
  return fail(rules, state, { success: false, ...reason }, event);
}

/**
 * After a restart every wait gets at least one round's time, because nobody could speak meanwhile. No wait
 * becomes longer than it began: the clock may have been set back since.
 */
function resumed<S extends SessionState>(state: S, at: number): Step<S> {
  const { invitation, round, session } = state.deadlines;
  const within = (deadline: number, length: number): number =>
    Math.max(Math.min(deadline, at + length), at + round);
  return {
    state: {
      ...state,
      inviteExpiresAt: within(state.inviteExpiresAt, invitation),
      sessionExpiresAt: within(state.sessionExpiresAt, session),
      roundExpiresAt: state.phase === 'running' ? within(state.roundExpiresAt, round) : 0,
    },
    effects: [],
  };
}

/** How often a party has renewed its chip's challenge. */
export function renewalsOf(state: SessionState, index: number): number {
  return state.renewals.get(index) ?? 0;
}
