/**
 * The reducer: what an event makes of a session, and what has to happen then.
 *
 * Pure and total. Events were checked before they were stored (decide.ts), so a replay repeats no
 * verification; an event that does not fit the state changes nothing, in whatever order events come.
 */
import type { Event, Requested } from './events.ts';
import type { Effect, Result, SessionState, Step } from './types.ts';
import { finish } from './finish.ts';
import { complete, fail, recordOf } from './outcomes.ts';
import { isParty } from './parties.ts';
import { overdue } from './problems.ts';
import { currentDeadline } from './progress.ts';
import { afterDestruction, delayed, excused, isDestroying, renewed } from './reduceDestroy.ts';
import { relayed, reported, unsigned, withRoundDeadline } from './reduceRounds.ts';
import { afterSignature, isOnlyNoted } from './reduceSign.ts';

/** The state and effects of a request that was accepted. */
export function open(event: Requested): Step {
  const { type: _, at, ...request } = event;
  const state: SessionState = {
    ...request,
    phase: 'inviting',
    createdAt: at,
    updatedAt: at,
    inviteExpiresAt: at + event.deadlines.invitation,
    sessionExpiresAt: at + event.deadlines.session,
    roundExpiresAt: 0,
    answers: new Map(),
    slots: new Map(),
    spoken: new Map(),
    renewals: new Map(),
    problems: new Map(),
    results: new Map(),
    orphans: new Map(),
    excused: new Map(),
    delays: new Map(),
  };
  return { state, effects: [{ type: 'invite' }, { type: 'tell-progress' }] };
}

/** Applies one event. */
export function apply(state: SessionState, event: Event): Step {
  const step = advance(state, event);
  if (step.state === state) return step;
  return { ...step, state: { ...step.state, updatedAt: Math.max(state.updatedAt, event.at) } };
}

function advance(state: SessionState, event: Event): Step {
  if (state.phase === 'completed' || state.phase === 'failed') return afterTheEnd(state, event);
  switch (event.type) {
    case 'requested':
      return unchanged(state);
    case 'accepted':
      return accepted(state, event);
    case 'declined':
      return declined(state, event);
    case 'relayed':
      return relayed(state, event);
    case 'unsigned':
      return unsigned(state, event);
    case 'reported':
      return reported(state, event);
    case 'challenged':
      return challenged(state, event);
    case 'finished':
      return finished(state, event);
    case 'refuted':
      return refuted(state, event);
    case 'ended':
      return ended(state, event);
    case 'excused':
      return settleOn(excused(state, event));
    case 'delayed':
      return delayed(state, event);
    case 'closed':
      return closed(state, event);
    case 'expired':
      return expired(state, event.deadline ?? event.at);
    case 'resumed':
      return resumed(state, event.at);
  }
}

type Of<T extends Event['type']> = Extract<Event, { readonly type: T }>;

const unchanged = (state: SessionState): Step => ({ state, effects: [] });
const progress: Effect = { type: 'tell-progress' };

function accepted(state: SessionState, event: Of<'accepted'>): Step {
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

function declined(state: SessionState, event: Of<'declined'>): Step {
  if (state.phase !== 'inviting' || !isParty(state, event.from)) return unchanged(state);
  return fail(state, {
    success: false,
    code: 'participant_declined',
    details: event.reason,
    concerned: [event.from],
  });
}

function challenged(state: SessionState, event: Of<'challenged'>): Step {
  return state.phase === 'running' ? renewed(state, event) : unchanged(state);
}

function finished(state: SessionState, { from, result, at }: Of<'finished'>): Step {
  if (!isParty(state, from) || state.results.has(from)) return unchanged(state);
  // A participant that restarted may say so while others are still being asked (docs/spec/wire.md §10).
  if (state.phase === 'inviting' && result.success) return unchanged(state);
  if (isDestroying(state) && !result.success) return unchanged(state);
  return withResult(state, { from, result, at });
}

function withResult(
  state: SessionState,
  { from, result, at }: { readonly from: number; readonly result: Result; readonly at: number },
): Step {
  const results = new Map(state.results).set(from, result);
  const next = withRoundDeadline(state, { ...state, results }, at);
  const noted: Effect[] =
    result.success && result.kind === 'destroy'
      ? [{ type: 'note-receipt', from, receipt: result.receipt }]
      : [];
  const outcome = finish(next);
  if (outcome === undefined) return { state: next, effects: [...noted, progress] };
  const done = outcome.success ? complete(next, outcome) : fail(next, outcome);
  return { state: done.state, effects: [...noted, ...done.effects] };
}

function refuted(state: SessionState, event: Of<'refuted'>): Step {
  if (!isParty(state, event.from) || isDestroying(state)) return unchanged(state);
  const { at, from, code, details, record } = event;
  if (isOnlyNoted(state, event)) {
    if (state.results.has(from)) return unchanged(state);
    return withResult(state, { from, at, result: { success: false, message: details } });
  }
  const orphans = new Map(state.orphans);
  if (record !== undefined) orphans.set(from, record);
  return fail({ ...state, orphans }, { success: false, code, details, concerned: [from] });
}

/** What everybody consented to goes on, whatever happens around it. */
function ended(state: SessionState, { code, details, concerned }: Of<'ended'>): Step {
  if (isDestroying(state)) return unchanged(state);
  return fail(state, { success: false, code, details, concerned });
}

/** Ends the session when this was the last thing that it waited for. */
function settleOn(step: Step): Step {
  const outcome = finish(step.state);
  if (outcome === undefined) return step;
  const done = outcome.success ? complete(step.state, outcome) : fail(step.state, outcome);
  return { state: done.state, effects: [...step.effects, ...done.effects] };
}

/** An administrator waits no longer: what is not proven is said. */
function closed(state: SessionState, { by, reason }: Of<'closed'>): Step {
  if (!isDestroying(state)) return unchanged(state);
  const without = state.parties
    .map(({ index }) => index)
    .filter((index) => !state.results.has(index));
  const missing = without.filter((index) => state.excused.has(index));
  const unproven = without.filter((index) => !state.excused.has(index));
  const address = state.target?.address ?? '';
  return complete(state, { success: true, address, missing, closed: { by, reason, unproven } });
}

function expired(state: SessionState, passed: number): Step {
  const deadline = currentDeadline(state);
  if (deadline === undefined || passed < deadline) return unchanged(state);
  const outcome = finish(state, { deadlinePassed: true });
  if (outcome?.success === true) return complete(state, outcome);
  if (outcome !== undefined) return fail(state, outcome);
  const what = state.phase === 'inviting' ? 'no answer to the invitation' : 'nothing more came';
  return fail(state, { success: false, code: 'timeout', ...overdue(state, what) });
}

/**
 * After a restart every wait gets at least one round's time: nobody could speak meanwhile. No wait is
 * longer than at its begin: the clock may have been set back since.
 */
function resumed(state: SessionState, at: number): Step {
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

/** A chip may store its record after the session has failed; nothing else matters any more. */
function afterTheEnd(state: SessionState, event: Event): Step {
  if (state.kind === 'destroy') return afterDestruction(state, event);
  if (state.kind === 'sign') return afterSignature(state, event);
  if (state.phase !== 'failed') return unchanged(state);
  const record = recordOf(event);
  if (record === undefined || !('from' in event) || state.orphans.has(event.from)) {
    return unchanged(state);
  }
  const orphans = new Map(state.orphans).set(event.from, record);
  return {
    state: { ...state, orphans },
    effects: [{ type: 'orphan', from: event.from, record }],
  };
}

/** How often a party has renewed its chip's challenge. */
export function renewalsOf(state: SessionState, index: number): number {
  return state.renewals.get(index) ?? 0;
}
