/**
 * The time that a participant stands by its certificate (docs/spec/channel.md §5): a coordinator that
 * holds messages back must not finish tomorrow a session that people approved today.
 */

/** The two clocks of a limit, milliseconds. */
export interface LimitClock {
  /** Since 1970; a person or a time server may set it back or forth. */
  now(): number;
  /** Never runs backwards, but stands still while the machine sleeps. */
  monotonic(): number;
}

/** The interval of looks at a limit when nothing is sent: a clock may have been set, a machine may have slept. */
const LOOK_MS = 250;

/** Passes at a time of day or after a length of running time, whichever comes first, and stays passed. */
export class SessionLimit {
  readonly #clock: LimitClock;
  readonly #notAfter: number;
  readonly #end: number;
  readonly #onPassed: () => void;
  #timer: NodeJS.Timeout | undefined;
  #passed = false;

  constructor(clock: LimitClock, notAfter: number, lifetime: number, onPassed: () => void) {
    this.#clock = clock;
    this.#notAfter = notAfter;
    this.#end = clock.monotonic() + lifetime;
    this.#onPassed = onPassed;
    this.#look();
  }

  /** Whether the time is over, by either clock. */
  get passed(): boolean {
    const clock = this.#clock;
    this.#passed ||= clock.now() >= this.#notAfter || clock.monotonic() >= this.#end;
    return this.#passed;
  }

  /** Ends the watching; a limit that has passed stays passed. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #look(): void {
    this.#timer = setTimeout(() => {
      if (this.passed) this.#onPassed();
      else this.#look();
    }, LOOK_MS);
    this.#timer.unref();
  }
}
