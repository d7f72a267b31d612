/** Steps that need no reason. */
import type { SessionState, Step } from './types.ts';

/** The step that changes nothing. */
export const unchanged = <S extends SessionState>(state: S): Step<S> => ({ state, effects: [] });
