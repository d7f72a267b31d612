/** Decides from when on a failed session has an unknown outcome. Pure. */
import type { Rules } from './ceremony.ts';
import type { SessionState } from './types.ts';

/**
 * Whether a party may hold the output: every party has spoken in the round before the revealing one, and a
 * message of that round was relayed or a result came back. If the session fails then, its outcome is unknown,
 * whatever the cause. No single party can bring this about.
 */
export function mayBeHeld({ revealing }: Pick<Rules, 'revealing'>, state: SessionState): boolean {
  if (revealing === null) return false;
  if ([...state.results.values()].some(({ success }) => success)) return true;
  const rounds = state.parties.map(({ index }) => state.spoken.get(index)?.round ?? 0);
  return rounds.some((round) => round >= revealing) && Math.min(...rounds) >= revealing - 1;
}
