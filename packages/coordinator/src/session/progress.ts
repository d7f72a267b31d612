/** How far a session is, who delays it, and until when it waits. */
import type { Rules, RulesOf } from './ceremony.ts';
import { PATIENCE_MS } from '../store/database.ts';
import type { Event } from './events.ts';
import type { SessionState } from './types.ts';

/** Higher than every round: a party that gave its result delays nobody. */
const DONE = 1000;

/** The highest round that every party has reached; a result counts as higher than every round. */
export function roundFloor(state: SessionState): number {
  return Math.min(...state.parties.map(({ index }) => reached(state, index)));
}

function reached(state: SessionState, index: number): number {
  if (state.results.has(index)) return DONE;
  return state.spoken.get(index)?.round ?? 0;
}

/**
 * The parties that are behind all others: those without an answer, or those that have sent the fewest messages
 * of the earliest round. Every party sends the same number of messages in a round, so the others wait for
 * exactly these.
 */
export function laggards(state: SessionState): number[] {
  if (state.phase === 'inviting') {
    return state.parties.map(({ index }) => index).filter((index) => !state.answers.has(index));
  }
  return behind(
    state,
    (index) => reached(state, index) * DONE + (state.spoken.get(index)?.messages ?? 0),
  );
}

/** The same, but a message that somebody could not use does not count. */
export function usefulLaggards(state: SessionState): number[] {
  const useless = [...state.problems.values()].filter(({ reason }) => reason !== 'missing');
  return behind(state, (index) => {
    const rounds = useless.filter(({ about }) => about === index).map(({ round }) => round - 1);
    const spoken = reached(state, index);
    const useful = Math.min(spoken, ...rounds);
    return useful * DONE + (useful < spoken ? 0 : (state.spoken.get(index)?.messages ?? 0));
  });
}

function behind(state: SessionState, rank: (index: number) => number): number[] {
  const open = state.parties.map(({ index }) => index).filter((index) => !state.results.has(index));
  const least = Math.min(...open.map(rank));
  return open.filter((index) => rank(index) === least);
}

/**
 * The parties whose next step the session waits for: an answer, a first message in the round after the one
 * that everybody has reached, or a result.
 */
export function awaited<S extends SessionState>(rules: RulesOf<S>, state: S): number[] {
  if (state.phase === 'inviting') return laggards(state);
  if (state.phase !== 'running') return [];
  const floor = roundFloor(state);
  const indexes = state.parties
    .map(({ index }) => index)
    .filter((index) => !rules.isExcused(state, index));
  return indexes.filter((index) => reached(state, index) === floor);
}

/**
 * How long the commit of an event may wait for the next one because it lets nobody go on: a consent while others
 * are missing, a message of a round in which another party has not spoken yet, or a result that ends nothing. A
 * message waits at most twice the time that its sender took for it, so that a party nearby costs one far away
 * little. Milliseconds.
 */
export function patienceOf(before: SessionState, after: SessionState, event: Event): number {
  switch (event.type) {
    case 'accepted':
      return after.phase === 'inviting' ? PATIENCE_MS : 0;
    case 'relayed':
      return roundFloor(after) < event.round ? 2 * Math.max(event.at - roundBegan(before), 0) : 0;
    case 'finished':
      return after.outcome === before.outcome ? PATIENCE_MS : 0;
    case 'requested':
    case 'declined':
    case 'unsigned':
    case 'reported':
    case 'challenged':
    case 'delayed':
    case 'refuted':
    case 'ended':
    case 'excused':
    case 'closed':
    case 'expired':
    case 'resumed':
      return 0;
  }
}

/** When everybody had spoken in the round before. */
const roundBegan = ({ roundExpiresAt, deadlines }: SessionState): number =>
  roundExpiresAt - deadlines.round;

/** Whether every party has consented to an irrevocable act: the session can only wait now, not fail. */
export function isBound({ irrevocable }: Pick<Rules, 'irrevocable'>, state: SessionState): boolean {
  return irrevocable && state.phase === 'running';
}

/** When the session stops waiting if nothing more arrives; undefined if it waits for nothing. */
export function currentDeadline<S extends SessionState>(
  rules: RulesOf<S>,
  state: S,
): number | undefined {
  const deadlines = deadlinesOf(rules, state);
  return deadlines.length === 0 ? undefined : Math.min(...deadlines);
}

/** Every date at which the session stops waiting. */
export function deadlinesOf<S extends SessionState>(
  rules: RulesOf<S>,
  state: S,
): readonly number[] {
  switch (state.phase) {
    case 'inviting':
      return [state.inviteExpiresAt, state.sessionExpiresAt];
    case 'running':
      return isBound(rules, state) ? [] : [state.roundExpiresAt, state.sessionExpiresAt];
    case 'completed':
      return rules.deadlinesAfterEnd(state);
    case 'failed':
      return [];
  }
}
