/** Slows down guesses: after some failures in a row a key has to wait, twice as long each time. */
export interface Throttle {
  /** Milliseconds that this key still has to wait; 0 when it may try. */
  waitOf(key: string): number;
  /** Counts a failure; gives the number of failures in a row. */
  failed(key: string): number;
  /** Forgets all failures of a key. */
  succeeded(key: string): void;
  /** Takes the last failure back: it was none. */
  forgive(key: string): void;
}

/** How a throttle grows. Times are milliseconds. */
export interface ThrottleTerms {
  /** Failures in a row that cost nothing. */
  readonly free: number;
  readonly firstWait: number;
  readonly longestWait: number;
}

interface Attempts {
  failures: number;
  blockedUntil: number;
}

/** After this long without a failure, a key starts afresh. */
const MEMORY = 3_600_000;
const MAXIMUM_KEYS = 10_000;

/** Counts failures by key, in memory and for a bounded number of keys. */
export function createThrottle(now: () => number, terms: ThrottleTerms): Throttle {
  const attempts = new Map<string, Attempts>();
  const current = (key: string): Attempts | undefined => {
    const found = attempts.get(key);
    return found !== undefined && found.blockedUntil + MEMORY > now() ? found : undefined;
  };
  return {
    waitOf: (key) => Math.max(0, (current(key)?.blockedUntil ?? 0) - now()),
    failed: (key) => {
      const failures = (current(key)?.failures ?? 0) + 1;
      const over = failures - terms.free;
      const grown = terms.firstWait * 2 ** Math.min(over, 20);
      const wait = over < 0 ? 0 : Math.min(grown, terms.longestWait);
      attempts.delete(key);
      attempts.set(key, { failures, blockedUntil: now() + wait });
      forgetOldest(attempts, MAXIMUM_KEYS);
      return failures;
    },
    succeeded: (key) => {
      attempts.delete(key);
    },
    forgive: (key) => {
      const found = current(key);
      if (found === undefined) return;
      found.failures -= 1;
      found.blockedUntil = now();
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
      forgetOldest(windows, MAXIMUM_KEYS);
      return 0;
    },
  };
}

function forgetOldest(map: Map<string, unknown>, maximum: number): void {
  if (map.size <= maximum) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
