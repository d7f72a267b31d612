// Whatever the moment of a power cut: the journal opens, with everything promised, and nothing out of order.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ModelDisk, PowerCut } from '../support/modelDisk.ts';
import { after, open } from '../support/journalOf.ts';

type Step =
  | { readonly do: 'append' | 'sync' | 'note'; readonly count: number; readonly pad: number }
  | { readonly do: 'wait'; readonly turns: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constantFrom('append', 'append', 'append', 'sync', 'note'),
    count: fc.integer({ min: 1, max: 3 }),
    pad: fc.integer({ min: 0, max: 200 }),
  }),
  fc.record({ do: fc.constant('wait'), turns: fc.integer({ min: 1, max: 12 }) }),
);

const life = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 25 }),
  cutAfter: fc.integer({ min: 1, max: 90 }),
  /** The process ends there alone: the next one sees all that the system has, durable or not. */
  isKilled: fc.boolean(),
});

/** Numbers at which an append ended, and the highest that was promised. */
interface Promised {
  n: number;
  readonly ends: Set<number>;
  acknowledged: number;
}

async function live(disk: ModelDisk, steps: readonly Step[], promised: Promised): Promise<void> {
  const { journal, state } = open(disk, 400);
  // Everything that came after what the disk has never was; the process relies on what it has found.
  promised.n = state.last;
  promised.acknowledged = Math.max(promised.acknowledged, state.last);
  try {
    for (const one of steps) {
      if (one.do === 'wait') {
        for (let turn = 0; turn < one.turns; turn += 1) await Promise.resolve();
        continue;
      }
      const entries = Array.from({ length: one.count }, (_, i) => ({
        n: promised.n + 1 + i,
        pad: 'x'.repeat(one.pad),
      }));
      const end = promised.n + one.count;
      promised.n = end;
      promised.ends.add(end);
      const acknowledge = (): void => {
        promised.acknowledged = Math.max(promised.acknowledged, end);
      };
      if (one.do === 'append') journal.append(...entries).then(acknowledge, () => undefined);
      else if (one.do === 'note') journal.note(...entries);
      else {
        journal.appendSync(...entries);
        acknowledge();
      }
    }
  } catch (error) {
    expect(error).toMatchObject({ code: 'store/failed', cause: expect.any(PowerCut) });
  }
  journal.close();
  for (let turn = 0; turn < 40; turn += 1) await Promise.resolve();
}

/** Numbers in [0, 1) from a seed (mulberry32). */
function chanceOf(seed: number): () => number {
  let at = seed;
  return () => {
    at = (at + 0x6d2b79f5) | 0;
    let mixed = Math.imul(at ^ (at >>> 15), at | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('power cut', () => {
  test('leaves a state that has everything promised, whatever it tears', async () => {
    let compacted = 0;
    let cut = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(life, { minLength: 1, maxLength: 4 }),
        fc.integer(),
        async (lives, seed) => {
          const chance = chanceOf(seed);
          const promised: Promised = { n: 0, ends: new Set([0]), acknowledged: 0 };
          let disk = new ModelDisk(chance);
          for (const { steps, cutAfter, isKilled } of lives) {
            disk.left = cutAfter;
            try {
              await live(disk, steps, promised);
            } catch (error) {
              // The power went during the opening.
              expect(error).toMatchObject({ code: 'store/failed', cause: expect.any(PowerCut) });
            }
            compacted += disk.operations.filter((name) => name === 'rename').length;
            expect(disk.closedTooEarly).toBe(0);
            if (isKilled) {
              disk.left = Number.POSITIVE_INFINITY;
              continue;
            }
            disk = disk.afterCut();
            const { state, news, journal } = open(disk, 400);
            cut += news.length;
            expect(state.last).toBeGreaterThanOrEqual(promised.acknowledged);
            expect(promised.ends).toContain(state.last);
            expect(state.numbers).toEqual(after(state.last));
            expect(disk.names()).toEqual(['/state/journal']);
            journal.close();
          }
        },
      ),
      { numRuns: 800 },
    );
    // The property has seen both.
    expect(compacted).toBeGreaterThan(200);
    expect(cut).toBeGreaterThan(20);
  });
});
