/** Ends a session in the reducer: the outcome, and the effects that follow. Pure. */
import type { RulesOf } from './ceremony.ts';
import type { Event } from './events.ts';
import { mayBeHeld } from './revealed.ts';
import type { Done, Effect, Failed, Outcome, SessionState, Step } from './types.ts';

const progress: Effect = { type: 'tell-progress' };

/** Ends a session successfully. */
export function complete<S extends SessionState>(state: S, outcome: Done): Step<S> {
  return {
    state: { ...state, phase: 'completed', outcome },
    effects: [{ type: 'settle' }, { type: 'tell-outcome' }, progress],
  };
}

/**
 * Fails a session because of `cause`. Once a party may hold the output, the outcome is unknown, whatever the
 * cause.
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
