/**
 * What is special about the destruction of a key: once everybody has consented it cannot fail any more,
 * only wait (docs/spec/destroy.md). Pure, as the rest of the reducer.
 */
import type { Event } from './events.ts';
import { isParty, nameOf } from './parties.ts';
import type { SessionState, Step } from './types.ts';

type Of<T extends Event['type']> = Extract<Event, { readonly type: T }>;

const unchanged = (state: SessionState): Step => ({ state, effects: [] });

/** Whether a session destroys a key and everybody has consented: the point of no return. */
export function isDestroying(state: SessionState): boolean {
  return state.kind === 'destroy' && state.phase === 'running';
}

/** Whether a party still has to prove that its record is gone. */
export function owesReceipt(state: SessionState, index: number): boolean {
  if (state.kind !== 'destroy' || state.results.has(index)) return false;
  if (!isParty(state, index)) return false;
  return state.phase === 'running' || state.phase === 'completed';
}

/** A shard is out of reach for good: the others need not wait for it. */
export function excused(state: SessionState, { from, chipState }: Of<'excused'>): Step {
  if (!isDestroying(state) || !owesReceipt(state, from)) return unchanged(state);
  if (state.excused.get(from) === chipState) return unchanged(state);
  const waived = new Map(state.excused).set(from, chipState);
  return { state: { ...state, excused: waived }, effects: [{ type: 'tell-progress' }] };
}

/** A holder could not delete its record: it is waited for, and the requester hears why. */
export function delayed(state: SessionState, { from, message }: Of<'delayed'>): Step {
  if (!isDestroying(state) || !owesReceipt(state, from)) return unchanged(state);
  const delays = new Map(state.delays).set(from, message);
  const warning = `${nameOf(state, from)}: ${message}`;
  return { state: { ...state, delays }, effects: [{ type: 'tell-progress', warning }] };
}

/** A chip that forgot its challenge gets an authorisation for a new one. */
export function renewed(state: SessionState, { from, challenge }: Of<'challenged'>): Step {
  const answer = state.answers.get(from);
  if (answer === undefined) return unchanged(state);
  const answers = new Map(state.answers).set(from, { ...answer, challenge });
  const renewals = new Map(state.renewals).set(from, (state.renewals.get(from) ?? 0) + 1);
  return {
    state: { ...state, answers, renewals },
    effects: [{ type: 'renew', to: from, challenge }],
  };
}

/** A chip that was given up may come back and delete its record after all, however often it was powered off. */
export function afterDestruction(state: SessionState, event: Event): Step {
  if (event.type === 'challenged') {
    return owesReceipt(state, event.from) ? renewed(state, event) : unchanged(state);
  }
  if (event.type !== 'finished' || state.phase !== 'completed') return unchanged(state);
  const { from, result } = event;
  if (!result.success || result.kind !== 'destroy' || !owesReceipt(state, from)) {
    return unchanged(state);
  }
  const results = new Map(state.results).set(from, result);
  return {
    state: { ...state, results },
    effects: [{ type: 'note-receipt', from, receipt: result.receipt }],
  };
}
