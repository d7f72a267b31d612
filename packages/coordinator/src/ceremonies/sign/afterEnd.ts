/**
 * Results of a signature that do not decide it (docs/spec/coordinator.md §2): a false one once a party may
 * hold the signature, and all that come after the end. They are noted with their author. Pure.
 */
import type { EventOf, ResultIn } from '../../session/ceremony.ts';
import { isParty } from '../../session/parties.ts';
import { unchanged } from '../../session/step.ts';
import type { Effect, Step } from '../../session/types.ts';
import type { SignEffect, SignState } from './state.ts';

/** Notes the events of an ended signature; none of them changes its outcome. */
export function afterEnd(state: SignState, event: EventOf<SignState>): Step<SignState> {
  if (state.rules === undefined) return unchanged(state);
  if (event.type === 'finished') return noted(state, event.from, event.result);
  if (event.type === 'expired') return noteMissing(state, event.deadline ?? event.at);
  const isFalse = event.type === 'refuted' && event.code === 'invalid_result';
  if (!isFalse || state.phase !== 'completed') return unchanged(state);
  return noted(state, event.from, { success: false, message: event.details });
}

function noted(state: SignState, from: number, result: ResultIn<SignState>): Step<SignState> {
  if (!isParty(state, from) || state.results.has(from)) return unchanged(state);
  // A failure reported after a failure adds nothing.
  if (state.phase === 'failed' && !result.success) return unchanged(state);
  const results = new Map(state.results).set(from, result);
  return { state: { ...state, results }, effects: notesOn(state, from, result) };
}

function notesOn(
  { outcome }: SignState,
  from: number,
  result: ResultIn<SignState>,
): readonly (Effect | SignEffect)[] {
  if (!result.success) return [];
  if (outcome?.success !== true) {
    const warning = 'a signature came after the session had ended';
    return [
      { type: 'sign:note-result', from, note: 'found' },
      { type: 'tell-progress', warning },
    ];
  }
  if (outcome.signature === result.signature) return [];
  return [{ type: 'sign:note-result', from, note: 'different' }];
}

/** Parties without a result of their own, although the signature was sent to them. */
export function withoutResult(state: SignState): number[] {
  return state.parties.map(({ index }) => index).filter((index) => !state.results.has(index));
}

/** Whether a finished signature still waits for results, which it only notes. */
export function waitsForNotes({ rules, missingNoted, results, parties }: SignState): boolean {
  return rules !== undefined && missingNoted !== true && results.size < parties.length;
}

function noteMissing(state: SignState, passed: number): Step<SignState> {
  const waits = state.phase === 'completed' && waitsForNotes(state);
  if (!waits || passed < state.roundExpiresAt) return unchanged(state);
  const effect: SignEffect = { type: 'sign:note-missing', missing: withoutResult(state) };
  return { state: { ...state, missingNoted: true }, effects: [effect] };
}
