/** The end of a session, as the reducer makes it: the outcome, and what follows from it. Pure. */
import type { Event } from './events.ts';
import { mayBeSigned } from './finish.ts';
import type { Effect, Outcome, SessionState, Step, StoredRecord } from './types.ts';

const progress: Effect = { type: 'tell-progress' };

/** Ends a session with what was asked for. */
export function complete(state: SessionState, outcome: Outcome): Step {
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

/** Ends a session without it; once somebody may hold a signature, whatever made it fail, that is what is told. */
export function fail(state: SessionState, reason: Extract<Outcome, { success: false }>): Step {
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

/** The record that a participant says its chip has stored. */
export function recordOf(event: Event): StoredRecord | undefined {
  if (event.type === 'refuted') return event.record;
  if (event.type !== 'finished') return undefined;
  const { result } = event;
  if (!result.success) return result.record;
  if (result.kind !== 'keygen') return undefined;
  return { address: result.address, recordId: result.recordId };
}
