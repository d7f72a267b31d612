import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rules } from '../../../src/ceremonies/keygen/rules.ts';
import type { OrphanEffect } from '../../../src/ceremonies/keygen/state.ts';
import type { Effect } from '../../../src/session/types.ts';
import { eventLists, requestOf, run, SIZE } from '../generators.ts';

const isOrphan = (effect: Effect): effect is OrphanEffect => effect.type === 'keygen:orphan';

const request = requestOf('keygen');

describe('a key', () => {
  test('is made only from equal results of everybody, in the event that completes them', () => {
    fc.assert(
      fc.property(eventLists('keygen'), (list) => {
        const { state, effects } = run(rules, request, list);
        const made = effects.filter(({ type }) => type === 'settle').length;
        expect(made).toBe(state.phase === 'completed' ? 1 : 0);
        if (made === 0) return;
        const results = [...state.results.values()];
        expect(results).toHaveLength(SIZE);
        expect(
          new Set(results.map((result) => (result.success ? result.publicKey : 'none'))).size,
        ).toBe(1);
      }),
      { numRuns: 3000 },
    );
  });

  test('whose generation fails leaves each stored record as one orphan', () => {
    fc.assert(
      fc.property(eventLists('keygen'), (list) => {
        const { state, effects } = run(rules, request, list);
        const orphans = effects.flatMap((effect) => (isOrphan(effect) ? [effect.from] : []));
        expect(new Set(orphans).size).toBe(orphans.length);
        if (state.phase !== 'failed') {
          expect(orphans).toEqual([]);
          return;
        }
        for (const [index, result] of state.results) {
          if (result.success) expect(orphans).toContain(index);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('Z-15: each share is staged with its result, and what is staged is erased when the session fails', () => {
    fc.assert(
      fc.property(eventLists('keygen'), (list) => {
        const { state, effects } = run(rules, request, list);
        const staged = effects.filter(({ type }) => type === 'keygen:stage').length;
        const shares = [...state.results.values()].filter(({ success }) => success).length;
        expect(staged).toBe(shares);
        const discarded = effects.filter(({ type }) => type === 'keygen:discard').length;
        expect(discarded).toBe(state.phase === 'failed' && shares > 0 ? 1 : 0);
      }),
      { numRuns: 3000 },
    );
  });
});
