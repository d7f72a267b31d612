/**
 * The reducer: what an event makes of a session, and what has to happen then.
 *
 * Pure and total. Events were checked before they were stored (decide.ts), so a replay repeats no
 * verification; an event that does not fit the state changes nothing, in whatever order events come.
 */
import type { Effect, Event, Outcome, Requested, SessionState, Step } from './types.ts';
import { finish, mayBeSigned } from './finish.ts';
import { overdue, problemText, withProblem } from './problems.ts';
import { currentDeadline, roundFloor } from './progress.ts';
import { afterDestruction, delayed, excused, renewed } from './reduceDestroy.ts';

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

function relayed(state: SessionState, event: Of<'relayed'>): Step {
  const slot = slotOf(event);
  if (state.phase !== 'running' || state.slots.has(slot)) return unchanged(state);
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
  const to = event.to === null ? others(state, event.from) : [event.to];
  const relay: Effect = { type: 'relay', to };
  // Only a party's first word in a round brings the session further: one progress for each, however
  // many messages the round has.
  return { state: next, effects: event.round > before.round ? [relay, progress] : [relay] };
}

/** Nobody can go on without that broadcast; once the last round is out, somebody may be done already. */
function unsigned(state: SessionState, { from, round }: Of<'unsigned'>): Step {
  if (state.phase !== 'running' || !isParty(state, from)) return unchanged(state);
  const problem = { by: null, about: from, round, reason: 'signature' } as const;
  const next = withProblem(state, problem);
  if (next === state) return unchanged(state);
  const details = problemText(state, problem);
  if (!mayBeSigned(state)) {
    return fail(next, { success: false, code: 'aborted', details, concerned: [from] });
  }
  return { state: next, effects: [{ type: 'tell-progress', warning: details }] };
}

/** A report changes nothing but what is told at the deadline: it is its author's word. */
function reported(state: SessionState, event: Of<'reported'>): Step {
  const { from: by, about, round, reason } = event;
  if (state.phase !== 'running' || !isParty(state, by) || !isParty(state, about)) {
    return unchanged(state);
  }
  const problem = { by, about, round, reason };
  const next = withProblem(state, problem);
  if (next === state) return unchanged(state);
  const warning = problemText(state, problem);
  return { state: next, effects: [{ type: 'tell-progress', warning }] };
}

function challenged(state: SessionState, event: Of<'challenged'>): Step {
  return state.phase === 'running' ? renewed(state, event) : unchanged(state);
}

function finished(state: SessionState, event: Of<'finished'>): Step {
  if (!isParty(state, event.from) || state.results.has(event.from)) return unchanged(state);
  // A participant that restarted may say so while others are still being asked (contract §1.5).
  if (state.phase === 'inviting' && event.result.success) return unchanged(state);
  const results = new Map(state.results).set(event.from, event.result);
  const next = withRoundDeadline(state, { ...state, results }, event.at);
  const { from, result } = event;
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
  if (!isParty(state, event.from)) return unchanged(state);
  const { code, details, record } = event;
  const concerned = [event.from];
  const orphans = new Map(state.orphans);
  if (record !== undefined) orphans.set(event.from, record);
  return fail({ ...state, orphans }, { success: false, code, details, concerned });
}

/** What everybody consented to goes on, whatever happens around it. */
function ended(state: SessionState, { code, details, concerned }: Of<'ended'>): Step {
  if (state.kind === 'destroy' && state.phase === 'running') return unchanged(state);
  return fail(state, { success: false, code, details, concerned });
}

/** Ends the session when this was the last thing that it waited for. */
function settleOn(step: Step): Step {
  const outcome = finish(step.state);
  if (outcome === undefined) return step;
  const done = outcome.success ? complete(step.state, outcome) : fail(step.state, outcome);
  return { state: done.state, effects: [...step.effects, ...done.effects] };
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
  if (state.phase !== 'failed' || state.kind !== 'keygen') return unchanged(state);
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

function recordOf(event: Event): { address: string; recordId: string } | undefined {
  if (event.type === 'refuted') return event.record;
  if (event.type !== 'finished') return undefined;
  const { result } = event;
  if (!result.success) return result.record;
  if (result.kind !== 'keygen') return undefined;
  return { address: result.address, recordId: result.recordId };
}

function complete(state: SessionState, outcome: Outcome): Step {
  return {
    state: { ...state, phase: 'completed', outcome },
    effects: [...consequences(state), { type: 'tell-outcome' }, progress],
  };
}

function consequences(state: SessionState): Effect[] {
  switch (state.kind) {
    case 'keygen':
      return [{ type: 'create-key' }];
    case 'destroy':
      return [{ type: 'destroy-key' }];
    case 'sign':
      return [];
  }
}

function fail(state: SessionState, reason: Extract<Outcome, { success: false }>): Step {
  const outcome = mayBeSigned(state) ? { ...reason, code: 'unknown_outcome' as const } : reason;
  const orphans = new Map(state.orphans);
  for (const [from, result] of state.results) {
    const record = recordOf({ type: 'finished', at: 0, from, result });
    if (record !== undefined) orphans.set(from, record);
  }
  const effects = [...orphans].map(([from, record]): Effect => ({ type: 'orphan', from, record }));
  return {
    state: { ...state, phase: 'failed', outcome, orphans },
    effects: [{ type: 'tell-outcome' }, ...effects, progress],
  };
}

function withRoundDeadline(before: SessionState, after: SessionState, at: number): SessionState {
  if (after.phase !== 'running' || roundFloor(after) <= roundFloor(before)) return after;
  return { ...after, roundExpiresAt: at + after.deadlines.round };
}

/** The key of a message's slot; each slot takes one message. */
export function slotOf(message: {
  readonly from: number;
  readonly round: number;
  readonly to: number | null;
}): string {
  return `${message.from}/${message.round}/${message.to ?? '*'}`;
}

/** How often a party has renewed its chip's challenge. */
export function renewalsOf(state: SessionState, index: number): number {
  return state.renewals.get(index) ?? 0;
}

const isParty = (state: SessionState, index: number): boolean =>
  state.parties.some((party) => party.index === index);

const others = (state: SessionState, index: number): number[] =>
  state.parties.map((party) => party.index).filter((other) => other !== index);

/** The name of the party with this index. */
export function nameOf(state: SessionState, index: number): string {
  return state.parties.find((party) => party.index === index)?.username ?? `party ${index}`;
}
