/** Checks that every result passes before it counts, whatever its kind. Pure. */
import { IntentError } from '@quorate/intent';
import type { Abort } from '@quorate/wire';
import { judgeReport } from './blame.ts';
import { type Decision, refused, repeated, wrongState } from './decision.ts';
import { refuse } from './refusal.ts';
import type { Failure, Party, Result, SessionState } from './types.ts';

/** A repeated result, or one that comes after the end, decides nothing. */
export function settled(
  state: SessionState,
  party: Party,
  result: Result | undefined,
): Decision | undefined {
  const given = state.results.get(party.index);
  if (given !== undefined) {
    if (JSON.stringify(given) === JSON.stringify(result)) return repeated;
    return refused(refuse('conflicting_message', 'you have already given another result'));
  }
  if (state.phase !== 'completed' && state.phase !== 'failed') return undefined;
  // Everybody was told that the session ended; a failure reported later adds nothing.
  return result?.success === false && result.record === undefined
    ? repeated
    : wrongState(state, `${state.kind}_result`);
}

/** Reads the failure that a participant reports, with the parties that its evidence proves to have deviated. */
export function reportedFailure(
  state: SessionState,
  sid: Uint8Array | undefined,
  message: { readonly message: string; readonly abort?: Abort | undefined },
): Failure {
  const failure = { success: false, message: message.message } as const;
  if (message.abort === undefined) return failure;
  const { abort, proven } = judgeReport(state, sid, message.abort);
  return proven.length === 0 ? { ...failure, abort } : { ...failure, abort, proven };
}

/** Whether a check passes; malformed input fails it. */
export function tolerant(check: () => boolean): boolean {
  try {
    return check();
  } catch (error) {
    if (error instanceof IntentError) return false;
    throw error;
  }
}
