import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rules } from '../../../src/ceremonies/sign/rules.ts';
import { currentDeadline } from '../../../src/session/progress.ts';
import { apply, firstStep } from '../../../src/session/reduce.ts';
import { eventLists, requestOf, run, signRequested, SIZE, START } from '../generators.ts';

const request = requestOf('sign');

describe('a signature', () => {
  const events = eventLists('sign');

  test('is never reported as cleanly failed once somebody may hold it', () => {
    fc.assert(
      fc.property(events, (list) => {
        const { states } = run(rules, request, list);
        const ended = states.find(({ outcome }) => outcome !== undefined);
        if (ended?.outcome?.success !== false) return;
        const rounds = [1, 2, 3].map((index) => ended.spoken.get(index)?.round ?? 0);
        const revealed = Math.max(...rounds) >= 3 && Math.min(...rounds) >= 2;
        expect(ended.outcome.code === 'unknown_outcome').toBe(revealed);
      }),
      { numRuns: 3000 },
    );
  });

  test('Y-5: completes with the first that verifies, in the event that brings it, whatever the others say', () => {
    fc.assert(
      fc.property(events, (list) => {
        let { state } = firstStep(rules, request);
        for (const event of list) {
          const before = state;
          state = apply(rules, state, event).state;
          if (before.phase !== 'running' || state.results === before.results) continue;
          const brought = event.type === 'finished' && event.result.success;
          expect(state.phase === 'completed').toBe(brought);
          if (brought) expect(state.outcome).toMatchObject({ success: true, missing: [] });
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('Y-5: a false result ends it only while nobody can hold the signature', () => {
    fc.assert(
      fc.property(events, fc.constantFrom(1, 2, 3), (list, from) => {
        const { state } = run(rules, request, list);
        if (state.phase !== 'running' || state.results.has(from)) return;
        const rounds = [1, 2, 3].map((index) => state.spoken.get(index)?.round ?? 0);
        const revealed = Math.max(...rounds) >= 3 && Math.min(...rounds) >= 2;
        const code = 'invalid_result' as const;
        const after = apply(rules, state, {
          type: 'refuted',
          at: START,
          from,
          code,
          details: 'no',
        }).state;
        const last = revealed && state.results.size === SIZE - 1;
        expect(after.phase).toBe(revealed && !last ? 'running' : 'failed');
        if (after.outcome?.success === false) {
          expect(after.outcome.code).toBe(revealed ? 'unknown_outcome' : 'invalid_result');
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('of the first version ends as it ended then, when its events are replayed', () => {
    fc.assert(
      fc.property(events, (list) => {
        const { state, states } = run(rules, signRequested(SIZE), list);
        const ended = states.find(({ outcome }) => outcome !== undefined);
        expect(currentDeadline(rules, ended ?? state) === undefined).toBe(ended !== undefined);
        if (ended?.outcome?.success !== true) return;
        const signatures = [...ended.results.values()].map((result) =>
          result.success ? result.signature : '',
        );
        expect(new Set(signatures.filter((one) => one !== '')).size).toBe(1);
        expect(state.results).toEqual(ended.results);
      }),
      { numRuns: 3000 },
    );
  });
});
