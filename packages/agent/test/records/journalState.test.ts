// A compacted journal: no used session key is lost, however many there are.
import { expect, test } from 'vitest';
import type { AgentEntry, UsedKey } from '../../src/records/journalEntries.ts';
import { AgentJournalState } from '../../src/records/journalState.ts';

const use = (state: AgentJournalState, from: number, to: number): void => {
  for (let n = from; n < to; n += 1) state.apply({ type: 'used', keys: [[`s${n}`, 1 + (n % 3)]] });
};

const usedIn = (entries: readonly AgentEntry[]): UsedKey[] =>
  entries.flatMap((entry) => (entry.type === 'used' ? entry.keys : []));

test('R-14: every used session key is in the entries that a compaction writes', () => {
  const state = new AgentJournalState();
  use(state, 0, 10_000);
  const entries = [...state.snapshot()];
  const compacted = new AgentJournalState();
  for (const entry of entries) compacted.apply(entry);
  const lost = Array.from({ length: 10_000 }, (_, n) => n).filter(
    (n) => compacted.usedAs(`s${n}`) !== 1 + (n % 3),
  );
  expect(lost).toEqual([]);
  expect(compacted.latestUsed(2)).toEqual(['s9998', 's9999']);
});

test('the entries of a compaction stay as they were when it began', () => {
  const state = new AgentJournalState();
  use(state, 0, 5000);
  const entries = [...state.snapshot()];
  use(state, 5000, 9000);
  expect(usedIn(entries)).toHaveLength(5000);
});
