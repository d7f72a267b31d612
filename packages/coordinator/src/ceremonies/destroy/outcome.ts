/** Decides when a key is destroyed (docs/spec/destroy.md §4). Pure. */
import type { OutcomeOf } from '../../session/ceremony.ts';
import { aborted, firstFailure } from '../../session/failures.ts';
import type { DestroyState } from './state.ts';

/**
 * A key is destroyed once every part is accounted for, and fewer parts than the threshold may be left on chips
 * that are gone. Before every party has consented, a failure ends the session.
 */
export function outcome(state: DestroyState): OutcomeOf<DestroyState> | undefined {
  const failed = firstFailure(state);
  if (failed !== undefined) return aborted(state, failed);
  if (state.phase !== 'running') return undefined;
  const { results, excused, target } = state;
  const open = state.parties.filter(({ index }) => !results.has(index) && !excused.has(index));
  const missing = [...excused.keys()].filter((index) => !results.has(index));
  const left = target.destruction.absent.length + missing.length;
  if (open.length > 0 || left >= state.threshold) return undefined;
  return { success: true, address: target.address, missing };
}
