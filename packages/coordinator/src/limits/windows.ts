/** Counts uses within a length of time: for many keys in fixed windows, for one thing in a sliding one. */
import { RecentKeys } from './recentKeys.ts';

/** Lets each key act a number of times per window. */
export interface RateLimit {
  /** Counts one use; returns milliseconds to wait, 0 if the use is allowed. */
  take(key: string): number;
}

/** Makes a rate limit of fixed windows, counted in memory for a bounded number of keys. */
export function createRateLimit(
  options: { readonly uses: number; readonly window: number },
  now: () => number,
): RateLimit {
  const windows = new RecentKeys<{ used: number; readonly endsAt: number }>();
  return {
    take: (key) => {
      const found = windows.get(key);
      const open = found !== undefined && found.endsAt > now();
      const window = open ? found : { used: 0, endsAt: now() + options.window };
      if (window.used >= options.uses) return window.endsAt - now();
      window.used += 1;
      windows.set(key, window);
      return 0;
    },
  };
}

/** Counts events in a sliding window, on the caller's clock. */
export class SlidingWindow {
  readonly #limit: number;
  readonly #length: number;
  #times: number[] = [];

  /** `length` in milliseconds. */
  constructor(limit: number, length: number) {
    this.#limit = limit;
    this.#length = length;
  }

  /** Counts one event; true when it reaches the limit. */
  hit(now: number): boolean {
    this.#times = this.#times.filter((time) => time > now - this.#length);
    this.#times.push(now);
    return this.#times.length >= this.#limit;
  }
}
