/**
 * Handles events of a destruction that every holder has consented to: it only waits (docs/spec/destroy.md).
 * Pure.
 */
import type { EventOf } from '../../session/ceremony.ts';
import { complete } from '../../session/ending.ts';
import type { Event } from '../../session/events.ts';
import { isParty, nameOf } from '../../session/parties.ts';
import { renewed } from '../../session/reduce.ts';
import { unchanged } from '../../session/step.ts';
import type { Step } from '../../session/types.ts';
import { outcome } from './outcome.ts';
import type { DestroyState, ReceiptEffect } from './state.ts';

type Of<T extends Event['type']> = Extract<Event, { readonly type: T }>;

/** Whether a party still has to prove that its record is gone. */
export function owesReceipt(state: DestroyState, index: number): boolean {
  if (state.results.has(index) || !isParty(state, index)) return false;
  return state.phase === 'running' || state.phase === 'completed';
}

/** Handles the events of a destruction that waits for receipts. */
export function onDeletion(
  state: DestroyState,
  event: Of<'excused' | 'delayed' | 'closed'>,
): Step<DestroyState> {
  if (state.phase !== 'running') return unchanged(state);
  switch (event.type) {
    case 'excused':
      return excused(state, event);
    case 'delayed':
      return delayed(state, event);
    case 'closed':
      return closed(state, event);
  }
}

/** A shard is out of reach for good: the others need not wait for it. */
function excused(state: DestroyState, { from, chipState }: Of<'excused'>): Step<DestroyState> {
  if (!owesReceipt(state, from) || state.excused.get(from) === chipState) return unchanged(state);
  const next = { ...state, excused: new Map(state.excused).set(from, chipState) };
  const progress = { type: 'tell-progress' } as const;
  const ended = outcome(next);
  if (ended?.success !== true) return { state: next, effects: [progress] };
  const done = complete(next, ended);
  return { state: done.state, effects: [progress, ...done.effects] };
}

/** A holder could not delete its record: the session waits for it, and the requester hears why. */
function delayed(state: DestroyState, { from, message }: Of<'delayed'>): Step<DestroyState> {
  if (!owesReceipt(state, from)) return unchanged(state);
  const delays = new Map(state.delays).set(from, message);
  const warning = `${nameOf(state, from)}: ${message}`;
  return { state: { ...state, delays }, effects: [{ type: 'tell-progress', warning }] };
}

/** An administrator stops waiting: the outcome names the missing proofs. */
function closed(state: DestroyState, { by, reason }: Of<'closed'>): Step<DestroyState> {
  const without = state.parties
    .map(({ index }) => index)
    .filter((index) => !state.results.has(index));
  const missing = without.filter((index) => state.excused.has(index));
  const unproven = without.filter((index) => !state.excused.has(index));
  const { address } = state.target;
  const done = { success: true, address, missing, closed: { by, reason, unproven } } as const;
  return complete(state, done);
}

/**
 * A chip that was reported gone may return and delete its record after all, however often it was powered off.
 */
export function afterDestruction(
  state: DestroyState,
  event: EventOf<DestroyState>,
): Step<DestroyState> {
  if (event.type === 'challenged') {
    return owesReceipt(state, event.from) ? renewed(state, event) : unchanged(state);
  }
  if (event.type !== 'finished' || state.phase !== 'completed') return unchanged(state);
  const { from, result } = event;
  if (!result.success || !owesReceipt(state, from)) return unchanged(state);
  const results = new Map(state.results).set(from, result);
  const effect: ReceiptEffect = { type: 'destroy:receipt', from, receipt: result.receipt };
  return { state: { ...state, results }, effects: [effect] };
}
