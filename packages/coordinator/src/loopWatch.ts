/** Measures how long the event loop, on which everything here runs, has stood still lately. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from './clock.ts';

/** How often the loop is measured, milliseconds. */
const RESOLUTION_MS = 20;
/** Reports cover this window and the one before it, milliseconds. */
const WINDOW_MS = 10_000;

/** Watches the event loop of this process. */
export class LoopWatch {
  readonly #clock: Clock;
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #since: number;
  #before = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.elapsed();
    this.#histogram.enable();
  }

  stop(): void {
    this.#histogram.disable();
  }

  /** The longest standstill of the last 10 to 20 seconds, milliseconds. */
  get delay(): number {
    const longest = Math.max(Math.round(this.#histogram.max / 1e6) - RESOLUTION_MS, 0);
    const passed = this.#clock.elapsed() - this.#since;
    if (passed < WINDOW_MS) return Math.max(longest, this.#before);
    this.#before = passed < 2 * WINDOW_MS ? longest : 0;
    this.#since = this.#clock.elapsed();
    this.#histogram.reset();
    return longest;
  }
}
