import type { Clock } from '../../src/clock.ts';

/** Clocks that only the test moves; what was scheduled runs when its time comes, in order. */
export interface TestClock extends Clock {
  /** Lets time pass. */
  advance(milliseconds: number): void;
  /** Sets the wall clock: no time passes. */
  step(milliseconds: number): void;
}

export function testClock(start = Date.now()): TestClock {
  let elapsed = 0;
  /** The wall clock is so far ahead of the other one. */
  let offset = start;
  interface Entry {
    readonly due: () => number;
    readonly callback: () => void;
  }
  let waiting: Entry[] = [];
  const wait = (entry: Entry): (() => void) => {
    waiting.push(entry);
    return () => {
      waiting = waiting.filter((other) => other !== entry);
    };
  };
  return {
    now: () => offset + elapsed,
    schedule: (at, callback) => wait({ due: () => at - offset, callback }),
    elapsed: () => elapsed,
    after: (delay, callback) => {
      const due = elapsed + delay;
      return wait({ due: () => due, callback });
    },
    step: (milliseconds) => {
      offset += milliseconds;
    },
    advance: (milliseconds) => {
      const end = elapsed + milliseconds;
      for (;;) {
        const next = waiting.filter(({ due }) => due() <= end).sort((a, b) => a.due() - b.due())[0];
        if (next === undefined) break;
        waiting = waiting.filter((other) => other !== next);
        elapsed = Math.max(elapsed, next.due());
        next.callback();
      }
      elapsed = end;
    },
  };
}
