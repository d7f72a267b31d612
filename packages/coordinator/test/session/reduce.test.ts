import { KINDS } from '@quorate/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signersOf } from '../../src/session/certificate.ts';
import type { Event } from '../../src/session/events.ts';
import { currentDeadline, patienceOf, roundFloor } from '../../src/session/progress.ts';
import { apply, firstStep } from '../../src/session/reduce.ts';
import { eventLists, MISSING, requestOf, rulesOf, run, SIZE } from '../ceremonies/generators.ts';

describe.each(KINDS)('a %s session under events in any order', (kind) => {
  const rules = rulesOf(kind);
  const request = requestOf(kind);
  const events = eventLists(kind);

  test('never throws, ends at most once, and keeps its outcome', () => {
    fc.assert(
      fc.property(events, (list) => {
        const { state, effects, states } = run(rules, request, list);
        expect(effects.filter(({ type }) => type === 'tell-outcome').length).toBe(
          state.outcome === undefined ? 0 : 1,
        );
        const ended = states.findIndex(({ outcome }) => outcome !== undefined);
        if (ended < 0) return;
        for (const later of states.slice(ended)) {
          expect(later.outcome).toBe(states[ended]!.outcome);
          expect(later.phase).toBe(states[ended]!.phase);
          // Missing results are only noted, once, and only beside a signature.
          const waits = currentDeadline(rules, later) !== undefined;
          const mayWait = rules.revealing !== null && later.phase === 'completed';
          expect(waits && !mayWait).toBe(false);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('lets a commit wait only for an event that releases, ends and begins nothing', () => {
    const urgent = new Set(['invite', 'begin', 'renew', 'settle', 'tell-outcome']);
    let waited = 0;
    fc.assert(
      fc.property(events, (list) => {
        let { state } = firstStep(rules, request);
        for (const event of list) {
          const step = apply(rules, state, event);
          if (patienceOf(state, step.state, event) > 0) {
            waited += 1;
            expect(step.effects.filter(({ type }) => urgent.has(type))).toEqual([]);
            if (event.type === 'relayed') expect(roundFloor(step.state)).toBeLessThan(event.round);
          }
          state = step.state;
        }
      }),
      { numRuns: 2000 },
    );
    expect(waited).toBeGreaterThan(0);
  });

  test('a message waits at most twice as long as its sender took', () => {
    if (rules.rounds === 0) return;
    const accepts = [1, 2, 3].map(
      (from): Event => ({ type: 'accepted', at: 1000, from, certificate: '', sessionHash: '' }),
    );
    const { state } = run(rules, request, accepts);
    const event = { type: 'relayed', at: 1007, from: 1, to: 2, round: 1, hash: '' } as const;
    expect(patienceOf(state, apply(rules, state, event).state, event)).toBe(14);
    const all = [2, 3].map((from): Event => ({ ...event, from, to: null }));
    const spoken = run(rules, request, [...accepts, ...all]).state;
    expect(patienceOf(spoken, apply(rules, spoken, event).state, event)).toBe(0);
  });

  test('relays nothing and releases nothing before everybody has accepted', () => {
    fc.assert(
      fc.property(events, (list) => {
        let { state } = firstStep(rules, request);
        for (const event of list) {
          const step = apply(rules, state, event);
          for (const effect of step.effects) {
            if (effect.type === 'begin') expect(step.state.answers.size).toBe(SIZE);
            if (effect.type === 'relay') expect(state.phase).toBe('running');
            if (effect.type === 'relay' || effect.type === 'renew') {
              // A chip that comes back after a destruction may still delete its record.
              expect(['running', rules.irrevocable ? 'completed' : 'running']).toContain(
                state.phase,
              );
              expect(state.answers.size).toBe(SIZE);
            }
            if (effect.type === 'relay') expect(effect.to).not.toContain(MISSING);
          }
          state = step.state;
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('is the same after a replay of its stored events', () => {
    fc.assert(
      fc.property(events, (list) => {
        const stored = JSON.parse(JSON.stringify(list)) as Event[];
        expect(run(rules, request, stored).state).toEqual(run(rules, request, list).state);
      }),
      { numRuns: 500 },
    );
  });

  test('always waits for somebody until it ends, and ends when its time has passed', () => {
    fc.assert(
      fc.property(events, (list) => {
        const { state } = run(rules, request, list);
        const deadline = currentDeadline(rules, state);
        if (deadline === undefined) return;
        expect(apply(rules, state, { type: 'expired', at: deadline - 1 }).state).toBe(state);
        const after = apply(rules, state, { type: 'expired', at: deadline }).state;
        expect(after.outcome).toBeDefined();
        expect(currentDeadline(rules, after)).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });
});

describe('reports', () => {
  const events = eventLists('sign');
  const rules = rulesOf('sign');
  const request = requestOf('sign');

  test('Y-4: change nothing but whom a deadline names, and hide nobody', () => {
    fc.assert(
      fc.property(events, (list) => {
        const without = run(
          rules,
          request,
          list.filter(({ type }) => type !== 'reported'),
        ).state;
        const { state } = run(rules, request, list);
        expect({ phase: state.phase, spoken: state.spoken }).toEqual({
          phase: without.phase,
          spoken: without.spoken,
        });
        if (state.outcome?.success !== false || without.outcome?.success !== false) return;
        expect(state.outcome.code).toBe(without.outcome.code);
        expect(state.outcome.concerned).toEqual(
          expect.arrayContaining([...without.outcome.concerned]),
        );
      }),
      { numRuns: 3000 },
    );
  });

  test('Y-4: are bounded by the parties and rounds, however often somebody reports', () => {
    fc.assert(
      fc.property(events, (list) => {
        expect(run(rules, request, list).state.problems.size).toBeLessThanOrEqual(
          (SIZE + 1) * SIZE * 5,
        );
      }),
      { numRuns: 500 },
    );
  });
});

test('J-5 with twelve parties the order of indexes is numeric', () => {
  const { state } = firstStep(rulesOf('keygen'), requestOf('keygen', 12));
  const shuffled = { ...state, parties: state.parties.toReversed() };
  expect(signersOf(shuffled)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});
