/**
 * The clocks of a session: the present step, the partner's search for primes, the own work, of which the partner is told,
 * and the whole.
 */
import type { PartClock } from '@quorate/two-party';

/** Which clock ran out. */
export type Deadline = PartClock | 'session';

/** How often the whole is looked at when nothing comes: a machine may have slept, a clock may have been set. */
const LOOK_MS = 1000;

/**
 * The clocks of one session; that of the whole runs from the beginning, by the running time or by the time of day,
 * whichever is further: the running time stands still while the machine sleeps, and a partner that holds messages
 * back must not finish tomorrow what was approved today.
 */
export class Deadlines {
  readonly #timers = new Map<Deadline, NodeJS.Timeout>();
  readonly #onLate: (which: Deadline) => void;
  /** The time of day, milliseconds since 1970. */
  readonly #now: () => number;
  /** Of the whole, milliseconds. */
  #left: number;
  /** When the clock of the whole went on last; undefined while it stands still. */
  #since: { readonly running: number; readonly day: number } | undefined;
  #closed = false;

  constructor(sessionSeconds: number, now: () => number, onLate: (which: Deadline) => void) {
    this.#onLate = onLate;
    this.#now = now;
    this.#left = sessionSeconds * 1000;
    this.resume();
  }

  /** The time left of the whole, milliseconds. */
  get left(): number {
    return Math.max(0, this.#left - this.#gone);
  }

  /** Starts the clock of a part anew. */
  arm(which: PartClock, seconds: number): void {
    this.disarm(which);
    if (!this.#closed) this.#run(which, seconds * 1000, () => this.#onLate(which));
  }

  disarm(which: Deadline): void {
    clearTimeout(this.#timers.get(which));
    this.#timers.delete(which);
  }

  /** The whole stands still: primes are looked for. */
  pause(): void {
    if (this.#since === undefined) return;
    this.#left -= this.#gone;
    this.#since = undefined;
    this.disarm('session');
  }

  /** The whole goes on with what is left of it. */
  resume(): void {
    if (this.#since !== undefined || this.#closed) return;
    this.#since = { running: performance.now(), day: this.#now() };
    this.#look();
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  /** How long the clock of the whole has run since it went on last, milliseconds. */
  get #gone(): number {
    if (this.#since === undefined) return 0;
    return Math.max(performance.now() - this.#since.running, this.#now() - this.#since.day);
  }

  #look(): void {
    const late = (): void => (this.left === 0 ? this.#onLate('session') : this.#look());
    this.#run('session', Math.min(this.left, LOOK_MS), late);
  }

  #run(which: Deadline, milliseconds: number, then: () => void): void {
    const timer = setTimeout(then, milliseconds);
    timer.unref();
    this.#timers.set(which, timer);
  }
}
