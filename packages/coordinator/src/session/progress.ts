/** How far a session is, who holds it up, and until when it waits. */
import type { Rules, RulesOf } from './ceremony.ts';
import type { SessionState } from './types.ts';

/** Beyond every round: a party that has given its result holds nobody up. */
const DONE = 1000;

/** The highest round that every party has reached; results count as beyond all rounds. */
export function roundFloor(state: SessionState): number {
  return Math.min(...state.parties.map(({ index }) => reached(state, index)));
}

function reached(state: SessionState, index: number): number {
  if (state.results.has(index)) return DONE;
  return state.spoken.get(index)?.round ?? 0;
}

/**
 * The parties that are behind all others: those that have not answered, or that have spoken in the
 * earliest round and least in it. Every party sends the same number of messages in a round, so where
 * one is silent, the others are waiting for exactly these.
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

/** The same, when a message that somebody could not use does not count as spoken. */
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
 * The parties that the session waits for before it is a step further: for an answer, for a first word in
 * the round after the one that everybody has reached, or for a result.
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

/** Whether everybody has consented to what nobody can take back: the session cannot fail any more, only wait. */
export function isBound({ irrevocable }: Pick<Rules, 'irrevocable'>, state: SessionState): boolean {
  return irrevocable && state.phase === 'running';
}

/** When the session stops waiting by itself if nothing more comes; undefined when it waits for nothing. */
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
