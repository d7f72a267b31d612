/**
 * Progress of a session, for the eye and for machines.
 *
 * @module
 */
import type { ProgressEvent } from '@quorate/agent';
import { foreign } from '../terminal/output.ts';
import type { Progress } from '../terminal/progress.ts';

const STAGES: Readonly<Record<string, string>> = {
  invited: 'inviting the participants',
  running: 'running the protocol',
  results: 'collecting results',
};

/** Shows where a session stands: whom it waits for, and which round it is in. */
export function showState(progress: Progress): (event: ProgressEvent) => void {
  let stage = '';
  return ({ state }) => {
    if (state.state !== stage && STAGES[state.state] !== undefined) {
      stage = state.state;
      progress.stage(state.state, STAGES[state.state] ?? state.state);
    }
    const waiting = state.waiting_for.map((party) => foreign(party.username));
    const round = state.round === undefined ? '' : `round ${state.round}`;
    const missing = waiting.length === 0 ? '' : `waiting for ${waiting.join(', ')}`;
    progress.update([round, missing].filter((text) => text !== '').join(', ') || state.state, {
      session_key: state.session_key,
      state: state.state,
      waiting_for: state.waiting_for,
      ...(state.round === undefined ? {} : { round: state.round }),
    });
    for (const warning of state.warnings ?? []) progress.warn(foreign(warning));
  };
}
