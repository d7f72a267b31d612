/** The clocks of a session: the present step, the partner's search for primes, and the whole. */

/** Which clock ran out. */
export type Deadline = 'step' | 'preparing' | 'session';

/** The clocks of one session; that of the whole runs from the beginning. */
export class Deadlines {
  readonly #timers = new Map<Deadline, NodeJS.Timeout>();
  readonly #onLate: (which: Deadline) => void;
  /** Of the whole, milliseconds. */
  #left: number;
  /** When the clock of the whole went on last; undefined while it stands still. */
  #since: number | undefined;
  #closed = false;

  constructor(sessionSeconds: number, onLate: (which: Deadline) => void) {
    this.#onLate = onLate;
    this.#left = sessionSeconds * 1000;
    this.resume();
  }

  /** What is left of the whole, milliseconds. */
  get left(): number {
    const gone = this.#since === undefined ? 0 : performance.now() - this.#since;
    return Math.max(0, this.#left - gone);
  }

  /** Starts the clock of a part anew. */
  arm(which: Exclude<Deadline, 'session'>, seconds: number): void {
    this.disarm(which);
    if (!this.#closed) this.#set(which, seconds * 1000);
  }

  disarm(which: Deadline): void {
    clearTimeout(this.#timers.get(which));
    this.#timers.delete(which);
  }

  /** The whole stands still: primes are looked for. */
  pause(): void {
    if (this.#since === undefined) return;
    this.#left -= performance.now() - this.#since;
    this.#since = undefined;
    this.disarm('session');
  }

  /** The whole goes on with what is left of it. */
  resume(): void {
    if (this.#since !== undefined || this.#closed) return;
    this.#since = performance.now();
    this.#set('session', this.left);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #set(which: Deadline, milliseconds: number): void {
    const timer = setTimeout(() => this.#onLate(which), milliseconds);
    timer.unref();
    this.#timers.set(which, timer);
  }
}
