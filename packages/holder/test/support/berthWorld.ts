import { Berths, type Berth } from '../../src/chip/berths.ts';

/** A clock that a test moves. */
export class TestClock {
  #now = 0;
  readonly #alarms = new Map<object, { readonly at: number; readonly work: () => void }>();

  monotonic(): number {
    return this.#now;
  }

  after(milliseconds: number, work: () => void): () => void {
    const name = {};
    this.#alarms.set(name, { at: this.#now + milliseconds, work });
    return () => this.#alarms.delete(name);
  }

  /** Moves the time forward; alarms ring in their order. */
  pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = [...this.#alarms].filter(([, { at }]) => at <= end);
      const [first] = due.toSorted(([, a], [, b]) => a.at - b.at);
      if (first === undefined) break;
      const [name, { at, work }] = first;
      this.#alarms.delete(name);
      this.#now = Math.max(this.#now, at);
      work();
    }
    this.#now = end;
  }
}

/** The memory of a chip by the words of the specification: the last 32 challenges, each for one attempt. */
export class ModelChip {
  #next = 0;
  #open: number[] = [];

  challenge(): Uint8Array {
    this.#next += 1;
    this.#open.push(this.#next);
    if (this.#open.length > 32) this.#open.shift();
    return Uint8Array.of(this.#next >> 8, this.#next & 0xff);
  }

  /** Takes a challenge out; false if the chip does not have it. */
  spend(challenge: Uint8Array): boolean {
    const at = this.#open.indexOf((challenge[0] ?? 0) * 256 + (challenge[1] ?? 0));
    if (at < 0) return false;
    this.#open.splice(at, 1);
    return true;
  }
}

/** The berths of a chip of 32 challenges. */
export function berthsOf(chip: ModelChip, clock: TestClock): Berths {
  return new Berths({ capacity: 31, challenge: async () => chip.challenge(), clock });
}

/** Lets everything that is decided happen. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Takes berths for sessions that are due one after another, and notes those that were given. */
export function takeMany(
  berths: Berths,
  count: number,
  given: Berth[] = [],
): { readonly given: Berth[]; readonly end: (at: number) => void } {
  const ends = Array.from({ length: count }, () => new AbortController());
  for (const [at, { signal }] of ends.entries()) {
    void berths
      .take({ due: at, name: `s${at}` }, signal)
      .then((berth) => berth && given.push(berth));
  }
  return { given, end: (at) => ends[at]?.abort() };
}
