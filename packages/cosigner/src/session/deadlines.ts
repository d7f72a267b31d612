/** The two clocks of a session: the present step, and the whole. */

/** Which clock ran out. */
export type Deadline = 'step' | 'session';

/** The clocks of one session. */
export class Deadlines {
  readonly #timers = new Map<Deadline, NodeJS.Timeout>();
  readonly #onLate: (which: Deadline) => void;

  constructor(onLate: (which: Deadline) => void) {
    this.#onLate = onLate;
  }

  /** Starts a clock anew. */
  arm(which: Deadline, seconds: number): void {
    this.disarm(which);
    const timer = setTimeout(() => this.#onLate(which), seconds * 1000);
    timer.unref();
    this.#timers.set(which, timer);
  }

  disarm(which: Deadline): void {
    clearTimeout(this.#timers.get(which));
    this.#timers.delete(which);
  }

  close(): void {
    this.disarm('step');
    this.disarm('session');
  }
}
