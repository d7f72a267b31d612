/**
 * Results of a signature that do not decide it (docs/spec/coordinator.md §2): a false one once somebody may hold
 * the signature, and all that come after the end. They are noted with their author. Pure.
 */
import type { Event } from './events.ts';
import { mayBeSigned } from './finish.ts';
import { isParty } from './parties.ts';
import { currentDeadline } from './progress.ts';
import type { Effect, Result, SessionState, Step } from './types.ts';

const unchanged = (state: SessionState): Step => ({ state, effects: [] });

/** Whether a false result is only its author's, because others may still give a true one. */
export function isOnlyNoted(
  state: SessionState,
  { code }: Extract<Event, { readonly type: 'refuted' }>,
): boolean {
  return state.rules !== undefined && code === 'invalid_result' && mayBeSigned(state);
}

/** What a signature that has ended takes from its events; nothing changes its outcome. */
export function afterSignature(state: SessionState, event: Event): Step {
  if (state.rules === undefined) return unchanged(state);
  if (event.type === 'finished') return noted(state, event.from, event.result);
  if (event.type === 'expired') return noteMissing(state, event.deadline ?? event.at);
  const isFalse = event.type === 'refuted' && event.code === 'invalid_result';
  if (!isFalse || state.phase !== 'completed') return unchanged(state);
  return noted(state, event.from, { success: false, message: event.details });
}

function noted(state: SessionState, from: number, result: Result): Step {
  if (!isParty(state, from) || state.results.has(from)) return unchanged(state);
  // A failure that is reported after a failure is no news.
  if (state.phase === 'failed' && !result.success) return unchanged(state);
  const results = new Map(state.results).set(from, result);
  return { state: { ...state, results }, effects: notesOn(state, from, result) };
}

function notesOn({ outcome }: SessionState, from: number, result: Result): Effect[] {
  if (!result.success || result.kind !== 'sign') return [];
  if (outcome?.success !== true) {
    const warning = 'a signature came after the session had ended';
    return [
      { type: 'note-result', from, note: 'found' },
      { type: 'tell-progress', warning },
    ];
  }
  return outcome.signature === result.signature
    ? []
    : [{ type: 'note-result', from, note: 'different' }];
}

/** Parties of a signature that was told which have given no result of their own. */
export function withoutResult(state: SessionState): number[] {
  return state.parties.map(({ index }) => index).filter((index) => !state.results.has(index));
}

function noteMissing(state: SessionState, passed: number): Step {
  const deadline = currentDeadline(state);
  if (deadline === undefined || passed < deadline) return unchanged(state);
  const missing = withoutResult(state);
  return {
    state: { ...state, missingNoted: true },
    effects: [{ type: 'note-missing', missing }],
  };
}
