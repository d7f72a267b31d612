import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OwnTurn, Turns } from '../../src/session/turns.ts';

const DEADLINES = { session: 180, step: 10 };

/** A session of one partner that wants a turn. */
class Wanting {
  readonly partner: string;
  readonly over = new AbortController();
  hasTurn = false;
  readonly #turn: OwnTurn;

  constructor(turns: Turns, partner: string) {
    this.partner = partner;
    this.#turn = new OwnTurn(turns, DEADLINES, this.over.signal);
    void this.#turn
      .take(partner, () => 180_000)
      .then(() => {
        this.hasTurn = true;
      });
  }

  get waits(): boolean {
    return !this.hasTurn && !this.over.signal.aborted;
  }

  giveUp(): void {
    if (this.hasTurn) this.#turn.giveUp();
  }
}

/** Lets every promise that is fulfilled go on. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const step = fc.record({
  what: fc.constantFrom('comes', 'comes', 'comes', 'is over', 'gives up'),
  partner: fc.constantFrom('a', 'b'),
  at: fc.nat(),
});

test('R-8: each partner has its turns, in order, none of them lost, whatever ends when', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.array(step, { maxLength: 60 }),
      async (most, steps) => {
        const turns = new Turns(most);
        const all: Wanting[] = [];
        const given = new Set<Wanting>();
        for (const { what, partner, at } of steps) {
          const one = all[at % Math.max(1, all.length)];
          if (what === 'comes') all.push(new Wanting(turns, partner));
          else if (one !== undefined) {
            if (what === 'is over') one.over.abort();
            else one.giveUp();
            if (what === 'is over' || one.hasTurn) given.add(one);
          }
          await settle();
          for (const name of ['a', 'b']) {
            const theirs = all.filter((other) => other.partner === name);
            const running = theirs.filter((other) => other.hasTurn && !given.has(other));
            const waiting = theirs.filter((other) => other.waits);
            // All turns are had while anybody waits, and never more than there are.
            expect(running.length).toBeLessThanOrEqual(most);
            if (waiting.length > 0) expect(running.length).toBe(most);
            // Nobody who came later has had a turn.
            const last = theirs.findLastIndex((other) => other.hasTurn);
            expect(theirs.slice(0, last).filter((other) => other.waits)).toEqual([]);
          }
          expect(turns.waiting).toBe(all.filter((other) => other.waits).length);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('a session that is over before it comes never gets a turn, and takes none', async () => {
  const turns = new Turns(1);
  const over = AbortSignal.abort();
  let had = false;
  void new OwnTurn(turns, DEADLINES, over)
    .take('a', () => 180_000)
    .then(() => {
      had = true;
    });
  await settle();
  expect([had, turns.waiting]).toEqual([false, 0]);
});

test('a turn that came in the moment in which its session ended goes to the next', async () => {
  const turns = new Turns(1);
  const first = new Wanting(turns, 'a');
  await settle();
  const second = new Wanting(turns, 'a');
  const third = new Wanting(turns, 'a');
  first.giveUp();
  second.over.abort();
  await settle();
  expect(third.hasTurn).toBe(true);
});

test.each([
  [DEADLINES, 10_000],
  [{ session: 3, step: 10 }, 300],
])(
  'with %j a turn that comes with less than %i ms left goes to the next',
  async (deadlines, ms) => {
    const turns = new Turns(1);
    const { signal } = new AbortController();
    const late = new OwnTurn(turns, deadlines, signal);
    await expect(late.take('a', () => ms - 1)).rejects.toMatchObject({ code: 'too_many_sessions' });
    await new OwnTurn(turns, deadlines, signal).take('a', () => ms);
    expect(turns.waiting).toBe(0);
  },
);
