/** Slows down guesses: after a few failures in a row a name has to wait, twice as long each time. */
export interface Throttle {
  /** Milliseconds that this name still has to wait; 0 when it may try. */
  waitOf(name: string): number;
  failed(name: string): void;
  succeeded(name: string): void;
}

interface Attempts {
  failures: number;
  blockedUntil: number;
}

const FREE_FAILURES = 5;
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 300_000;
/** After this long without a failure, a name starts afresh. */
const MEMORY = 3_600_000;
const MAXIMUM_NAMES = 10_000;

/**
 * Counts failures per name, whether a user of that name exists or not, so that the answer to a guess
 * does not tell which names exist.
 */
export function createThrottle(now: () => number): Throttle {
  const attempts = new Map<string, Attempts>();
  const current = (name: string): Attempts | undefined => {
    const found = attempts.get(name);
    return found !== undefined && found.blockedUntil + MEMORY > now() ? found : undefined;
  };
  return {
    waitOf: (name) => Math.max(0, (current(name)?.blockedUntil ?? 0) - now()),
    failed: (name) => {
      const failures = (current(name)?.failures ?? 0) + 1;
      const over = failures - FREE_FAILURES;
      const wait = over < 0 ? 0 : Math.min(FIRST_WAIT * 2 ** Math.min(over, 20), LONGEST_WAIT);
      attempts.delete(name);
      attempts.set(name, { failures, blockedUntil: now() + wait });
      forgetOldest(attempts, MAXIMUM_NAMES);
    },
    succeeded: (name) => {
      attempts.delete(name);
    },
  };
}

/** Lets a key act a number of times per window, counted in memory. */
export interface RateLimit {
  /** Counts one use; returns milliseconds to wait, 0 when the use is allowed. */
  take(key: string): number;
}

/** Makes a fixed-window rate limit that remembers a bounded number of keys. */
export function createRateLimit(
  options: { readonly uses: number; readonly window: number },
  now: () => number,
): RateLimit {
  const windows = new Map<string, { used: number; endsAt: number }>();
  return {
    take: (key) => {
      const found = windows.get(key);
      const open = found !== undefined && found.endsAt > now();
      const window = open ? found : { used: 0, endsAt: now() + options.window };
      if (window.used >= options.uses) return window.endsAt - now();
      window.used += 1;
      windows.delete(key);
      windows.set(key, window);
      forgetOldest(windows, MAXIMUM_NAMES);
      return 0;
    },
  };
}

function forgetOldest(map: Map<string, unknown>, maximum: number): void {
  if (map.size <= maximum) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
