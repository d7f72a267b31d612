/** The leftovers of a failed key generation: staged ciphertexts, and records on chips, each noted once. Pure. */
import type { EventOf, ResultIn } from '../../session/ceremony.ts';
import { unchanged } from '../../session/step.ts';
import type { Effect, Step, StoredRecord } from '../../session/types.ts';
import type { KeygenEffect, KeygenState, OrphanEffect } from './state.ts';

/** Discards the staged shares, and collects the records that chips have stored. */
export function onFailure(state: KeygenState, cause: EventOf<KeygenState>): Step<KeygenState> {
  const orphans = new Map(state.orphans);
  if (cause.type === 'refuted' && cause.record !== undefined) orphans.set(cause.from, cause.record);
  for (const [from, result] of state.results) {
    const record = recordOf(result);
    if (record !== undefined) orphans.set(from, record);
  }
  const isStaged = [...state.results.values()].some(({ success }) => success);
  const effects: (Effect & KeygenEffect)[] = isStaged ? [{ type: 'keygen:discard' }] : [];
  for (const [from, record] of orphans) effects.push(orphan(from, record));
  return { state: { ...state, orphans }, effects };
}

/** A chip may store its record after the session failed; no other event matters then. */
export function afterFailure(state: KeygenState, event: EventOf<KeygenState>): Step<KeygenState> {
  if (state.phase !== 'failed') return unchanged(state);
  if (event.type !== 'finished' && event.type !== 'refuted') return unchanged(state);
  const { from } = event;
  const record = event.type === 'refuted' ? event.record : recordOf(event.result);
  if (record === undefined || state.orphans.has(from)) return unchanged(state);
  const orphans = new Map(state.orphans).set(from, record);
  return { state: { ...state, orphans }, effects: [orphan(from, record)] };
}

function recordOf(result: ResultIn<KeygenState>): StoredRecord | undefined {
  if (!result.success) return result.record;
  const { address, recordId } = result;
  return { address, recordId };
}

function orphan(from: number, record: StoredRecord): Effect & OrphanEffect {
  return { type: 'keygen:orphan', from, record };
}
