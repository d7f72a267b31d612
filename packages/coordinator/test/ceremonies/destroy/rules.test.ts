import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rules } from '../../../src/ceremonies/destroy/rules.ts';
import { eventLists, requestOf, run, SIZE } from '../generators.ts';

const request = requestOf('destroy');

describe('a destruction', () => {
  const events = eventLists('destroy');

  test('cannot fail once everybody consented, and ends when every part is accounted for', () => {
    fc.assert(
      fc.property(events, (list) => {
        const { state, states } = run(rules, request, list);
        const consented = states.some(({ phase }) => phase === 'running');
        if (!consented) return;
        expect(['running', 'completed']).toContain(state.phase);
        const gone = [...state.excused.keys()].filter((index) => !state.results.has(index));
        const accounted = state.results.size + gone.length === SIZE && gone.length < 2;
        if (accounted) expect(state.phase).toBe('completed');
      }),
      { numRuns: 3000 },
    );
  });

  test('Z-6: says for whom it is not proven, and by whom it was closed, whenever a part is not accounted for', () => {
    fc.assert(
      fc.property(events, (list) => {
        const { states } = run(rules, request, list);
        const ended = states.find(({ outcome }) => outcome !== undefined);
        if (ended?.outcome?.success !== true) return;
        const { missing, closed } = ended.outcome;
        const open = [1, 2, 3].filter((index) => !ended.results.has(index));
        expect([...missing, ...(closed?.unproven ?? [])].sort((a, b) => a - b)).toEqual(open);
        if (closed === undefined) {
          expect(open.every((index) => ended.excused.has(index))).toBe(true);
          expect(open.length).toBeLessThan(2);
        } else expect(closed.by).toBe('root');
      }),
      { numRuns: 3000 },
    );
  });
});
