/** The end of a session, as the reducer makes it: the outcome, and what follows from it. Pure. */
import type { RulesOf } from './ceremony.ts';
import type { Event } from './events.ts';
import { mayBeHeld } from './revealed.ts';
import type { Done, Effect, Failed, Outcome, SessionState, Step } from './types.ts';

const progress: Effect = { type: 'tell-progress' };

/** Ends a session with what was asked for. */
export function complete<S extends SessionState>(state: S, outcome: Done): Step<S> {
  return {
    state: { ...state, phase: 'completed', outcome },
    effects: [{ type: 'settle' }, { type: 'tell-outcome' }, progress],
  };
}

/**
 * Ends a session without it, because of `cause`. Once somebody may hold the output, whatever made the session
 * fail, its outcome is unknown.
 */
export function fail<S extends SessionState>(
  rules: RulesOf<S>,
  state: S,
  reason: Failed,
  cause: Event,
): Step<S> {
  const held = mayBeHeld(rules, state);
  const outcome = held ? { ...reason, code: 'unknown_outcome' as const } : reason;
  const failed: S = { ...state, phase: 'failed', outcome };
  const left = rules.onFailure(failed, cause);
  return {
    state: left.state,
    effects: [{ type: 'tell-outcome' }, ...left.effects, progress],
  };
}

/** Ends a session as its results decide. */
export function end<S extends SessionState>(
  rules: RulesOf<S>,
  state: S,
  outcome: Outcome,
  cause: Event,
): Step<S> {
  return outcome.success ? complete(state, outcome) : fail(rules, state, outcome, cause);
}
