import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signersOf } from '../../src/session/certificate.ts';
import { currentDeadline } from '../../src/session/progress.ts';
import { apply, open } from '../../src/session/reduce.ts';
import type { Event, Requested } from '../../src/session/events.ts';
import type { Effect, Result, SessionState } from '../../src/session/types.ts';

const START = 1_800_000_000_000;
const MISSING = 9;

type Kind = 'keygen' | 'sign' | 'destroy';

/** With `rules` absent as a session that was stored by the first version. */
function requested(kind: Kind, size: number, rules: { rules?: 2 } = { rules: 2 }): Requested {
  const parties = Array.from({ length: size }, (_, at) => ({
    index: at + 1,
    username: `user${at + 1}`,
    seId: `SE-${at + 1}`,
    cpic: `${at}`.repeat(84),
    chipPublicKey: `04${'11'.repeat(64)}`,
    ...(kind === 'destroy' ? { recordId: `${at}`.repeat(64) } : {}),
  }));
  return {
    type: 'requested',
    at: START,
    kind,
    sessionKey: 'one',
    coordinator: 'coordinator',
    threshold: 2,
    totalParts: size,
    parties,
    deadlines: { invitation: 120_000, round: 30_000, session: 300_000 },
    warnings: [],
    ...(kind === 'sign' ? rules : {}),
    ...(kind === 'keygen'
      ? {}
      : {
          target: {
            address: '0xA',
            keyId: '00',
            epoch: 0,
            digest: '11'.repeat(32),
            holders: parties,
            ...(kind === 'destroy' ? { destruction: { reason: 'closed', absent: [] } } : {}),
          },
        }),
  };
}

const size = 3;
const from = fc.constantFrom(1, 2, 3, MISSING);
const at = fc.integer({ min: START, max: START + 400_000 });
const keygenResult = (key: string, index: number): Result => ({
  success: true,
  kind: 'keygen',
  publicKey: key,
  address: `address of ${key}`,
  recordId: `record ${index}`,
  shard: 'c2hhcmQ=',
});

const eventOf = (kind: Kind): fc.Arbitrary<Event> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant('accepted' as const),
        at,
        from,
        certificate: fc.constant('Y2VydA=='),
        sessionHash: fc.constant('22'.repeat(32)),
        challenge: fc.constant('Y2hhbGxlbmdl'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('declined' as const),
        at,
        from,
        reason: fc.string(),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant('relayed' as const),
        at,
        from,
        to: fc.option(from, { nil: null }),
        round: fc.integer({ min: 1, max: 5 }),
        hash: fc.constantFrom('a', 'b'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('unsigned' as const),
        at,
        from,
        round: fc.integer({ min: 1, max: 3 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('reported' as const),
        at,
        from,
        about: from,
        round: fc.integer({ min: 1, max: 5 }),
        reason: fc.constantFrom(
          'signature' as const,
          'decryption' as const,
          'decode' as const,
          'missing' as const,
        ),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('challenged' as const),
        at,
        from,
        challenge: fc.string(),
      }),
    },
    {
      weight: 6,
      arbitrary: fc
        .record({
          at,
          from,
          key: fc.constantFrom('k1', 'k1', 'k1', 'k2'),
          fails: fc.integer({ min: 0, max: 9 }),
        })
        .map(({ at, from, key, fails }): Event => {
          if (fails === 0)
            return { type: 'finished', at, from, result: { success: false, message: 'no' } };
          if (kind === 'keygen')
            return { type: 'finished', at, from, result: keygenResult(key, from) };
          if (kind === 'destroy')
            return {
              type: 'finished',
              at,
              from,
              result: { success: true, kind: 'destroy', receipt: `receipt ${from}` },
            };
          return {
            type: 'finished',
            at,
            from,
            result: { success: true, kind: 'sign', signature: key },
          };
        }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('refuted' as const),
        at,
        from,
        code: fc.constant('invalid_result' as const),
        details: fc.string(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('ended' as const),
        at,
        code: fc.constantFrom('cancelled' as const, 'chip_unavailable' as const),
        details: fc.string(),
        concerned: fc.subarray([1, 2, 3]),
      }),
    },
    {
      weight: kind === 'destroy' ? 3 : 1,
      arbitrary: fc.record({
        type: fc.constant('excused' as const),
        at,
        from,
        chipState: fc.constantFrom('lost' as const, 'destroyed' as const),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('delayed' as const),
        at,
        from,
        message: fc.string(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('closed' as const),
        at,
        by: fc.constant('root'),
        reason: fc.string(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('expired' as const), at }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('resumed' as const), at }) },
    { weight: 1, arbitrary: fc.constant(requested(kind, size)) },
  );

interface Run {
  readonly state: SessionState;
  readonly effects: readonly Effect[];
  readonly states: readonly SessionState[];
}

function run(kind: Kind, events: readonly Event[], rules: { rules?: 2 } = { rules: 2 }): Run {
  let { state } = open(requested(kind, size, rules));
  const effects: Effect[] = [];
  const states = [state];
  for (const event of events) {
    const step = apply(state, event);
    state = step.state;
    effects.push(...step.effects);
    states.push(state);
  }
  return { state, effects, states };
}

describe.each(['keygen', 'sign', 'destroy'] as const)(
  'a %s session under events in any order',
  (kind) => {
    const events = fc.array(eventOf(kind), { maxLength: 60 });

    test('never throws, ends at most once, and keeps its outcome', () => {
      fc.assert(
        fc.property(events, (list) => {
          const { state, effects, states } = run(kind, list);
          expect(effects.filter(({ type }) => type === 'tell-outcome').length).toBe(
            state.outcome === undefined ? 0 : 1,
          );
          const ended = states.findIndex(({ outcome }) => outcome !== undefined);
          if (ended < 0) return;
          for (const later of states.slice(ended)) {
            expect(later.outcome).toBe(states[ended]!.outcome);
            expect(later.phase).toBe(states[ended]!.phase);
            // What is still waited for is only noted, once, and only beside a signature.
            const waits = currentDeadline(later) !== undefined;
            expect(waits && (kind !== 'sign' || later.phase !== 'completed')).toBe(false);
          }
        }),
        { numRuns: 3000 },
      );
    });

    test('relays nothing and releases nothing before everybody has accepted', () => {
      fc.assert(
        fc.property(events, (list) => {
          let { state } = open(requested(kind, size));
          for (const event of list) {
            const step = apply(state, event);
            for (const effect of step.effects) {
              if (effect.type === 'begin') expect(step.state.answers.size).toBe(size);
              if (effect.type === 'relay') expect(state.phase).toBe('running');
              if (effect.type === 'relay' || effect.type === 'renew') {
                // A chip that comes back after a destruction may still delete its record.
                expect(['running', kind === 'destroy' ? 'completed' : 'running']).toContain(
                  state.phase,
                );
                expect(state.answers.size).toBe(size);
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
          expect(run(kind, stored).state).toEqual(run(kind, list).state);
        }),
        { numRuns: 500 },
      );
    });

    test('always waits for somebody until it ends, and ends when its time has passed', () => {
      fc.assert(
        fc.property(events, (list) => {
          const { state } = run(kind, list);
          const deadline = currentDeadline(state);
          if (deadline === undefined) return;
          expect(apply(state, { type: 'expired', at: deadline - 1 }).state).toBe(state);
          const after = apply(state, { type: 'expired', at: deadline }).state;
          expect(after.outcome).toBeDefined();
          expect(currentDeadline(after)).toBeUndefined();
        }),
        { numRuns: 2000 },
      );
    });
  },
);

describe('reports', () => {
  const events = fc.array(eventOf('sign'), { maxLength: 60 });

  test('Y-4: change nothing but whom a deadline names, and hide nobody', () => {
    fc.assert(
      fc.property(events, (list) => {
        const without = run(
          'sign',
          list.filter(({ type }) => type !== 'reported'),
        ).state;
        const { state } = run('sign', list);
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
        expect(run('sign', list).state.problems.size).toBeLessThanOrEqual((size + 1) * size * 5);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a key', () => {
  test('is made only from equal results of everybody, in the event that completes them', () => {
    fc.assert(
      fc.property(fc.array(eventOf('keygen'), { maxLength: 60 }), (list) => {
        const { state, effects } = run('keygen', list);
        const made = effects.filter(({ type }) => type === 'create-key').length;
        expect(made).toBe(state.phase === 'completed' ? 1 : 0);
        if (made === 0) return;
        const results = [...state.results.values()];
        expect(results).toHaveLength(size);
        expect(
          new Set(
            results.map((result) =>
              result.success && result.kind === 'keygen' ? result.publicKey : 'none',
            ),
          ).size,
        ).toBe(1);
      }),
      { numRuns: 3000 },
    );
  });

  test('that fails orphans the records of everybody who had stored one, each once', () => {
    fc.assert(
      fc.property(fc.array(eventOf('keygen'), { maxLength: 60 }), (list) => {
        const { state, effects } = run('keygen', list);
        const orphans = effects.flatMap((effect) =>
          effect.type === 'orphan' ? [effect.from] : [],
        );
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
});

describe('a signature', () => {
  const events = fc.array(eventOf('sign'), { maxLength: 60 });

  test('that somebody may hold is never reported as cleanly failed', () => {
    fc.assert(
      fc.property(events, (list) => {
        const { states } = run('sign', list);
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
        let { state } = open(requested('sign', size));
        for (const event of list) {
          const before = state;
          state = apply(state, event).state;
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
        const { state } = run('sign', list);
        if (state.phase !== 'running' || state.results.has(from)) return;
        const rounds = [1, 2, 3].map((index) => state.spoken.get(index)?.round ?? 0);
        const revealed = Math.max(...rounds) >= 3 && Math.min(...rounds) >= 2;
        const code = 'invalid_result' as const;
        const after = apply(state, { type: 'refuted', at: START, from, code, details: 'no' }).state;
        const last = revealed && state.results.size === size - 1;
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
        const { state, states } = run('sign', list, {});
        const ended = states.find(({ outcome }) => outcome !== undefined);
        expect(currentDeadline(ended ?? state) === undefined).toBe(ended !== undefined);
        if (ended?.outcome?.success !== true) return;
        const signatures = [...ended.results.values()].map((result) =>
          result.success && result.kind === 'sign' ? result.signature : '',
        );
        expect(new Set(signatures.filter((one) => one !== '')).size).toBe(1);
        expect(state.results).toEqual(ended.results);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('a destruction', () => {
  const events = fc.array(eventOf('destroy'), { maxLength: 60 });

  test('that everybody consented to cannot fail, and ends when every part is accounted for', () => {
    fc.assert(
      fc.property(events, (list) => {
        const { state, states } = run('destroy', list);
        const consented = states.some(({ phase }) => phase === 'running');
        if (!consented) return;
        expect(['running', 'completed']).toContain(state.phase);
        const gone = [...state.excused.keys()].filter((index) => !state.results.has(index));
        const accounted = state.results.size + gone.length === size && gone.length < 2;
        if (accounted) expect(state.phase).toBe('completed');
      }),
      { numRuns: 3000 },
    );
  });

  test('Z-6: says for whom it is not proven, and by whom it was closed, whenever a part is not accounted for', () => {
    fc.assert(
      fc.property(events, (list) => {
        const { states } = run('destroy', list);
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

test('J-5 with twelve parties the order of indexes is numeric', () => {
  const { state } = open(requested('keygen', 12));
  const shuffled = { ...state, parties: state.parties.toReversed() };
  expect(signersOf(shuffled)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});
