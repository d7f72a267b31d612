/** The possible decisions about a message. */
import { type Refusal, refuse } from './refusal.ts';
import { nameOf } from './parties.ts';
import type { Event } from './events.ts';
import type { SessionState } from './types.ts';

/** The decision about a message. `repeated` messages change nothing and are no fault. */
export type Decision =
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'repeated' }
  | {
      readonly kind: 'refused';
      readonly refusal: Refusal;
      /** The event that the refused message still causes. */
      readonly event?: Event;
    };

/** Makes the decision that refuses. */
export const refused = (refusal: Refusal): Decision => ({ kind: 'refused', refusal });

/** The decision about a repeated message. */
export const repeated: Decision = { kind: 'repeated' };

/** Refuses a message of another kind of session. */
export function wrongKind(state: SessionState, type: string): Decision {
  return refused(refuse('wrong_state', `${type} in a ${state.kind} session`));
}

/** Refuses a message that does not belong in the session's phase. */
export function wrongState(state: SessionState, type: string): Decision {
  const waiting = state.parties.filter(({ index }) => !state.answers.has(index));
  const whom = waiting.map(({ index }) => nameOf(state, index)).join(', ');
  const why =
    state.phase === 'inviting' ? `it waits for answers from: ${whom}` : `it is ${state.phase}`;
  return refused(
    refuse('wrong_state', `${type} has no place in session ${state.sessionKey}: ${why}`),
  );
}
