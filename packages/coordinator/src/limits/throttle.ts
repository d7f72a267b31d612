/** Slows down guesses: after some failures in a row a key has to wait, twice as long each time. */
import { RecentKeys } from './recentKeys.ts';

/** Counts failures of keys, and says how long each has to wait. */
export interface Throttle {
  /** Milliseconds that this key still has to wait; 0: it may try. */
  waitOf(key: string): number;
  /** Counts a failure; returns the number of failures in a row. */
  failed(key: string): number;
  /** Resets the failures of a key. */
  succeeded(key: string): void;
  /** Takes back the last failure, because it was none. */
  forgive(key: string): void;
}

/** The growth of a throttle. Times are milliseconds. */
export interface ThrottleTerms {
  /** Failures in a row without a penalty. */
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

/** Counts failures by key, in memory and for a bounded number of keys. */
export function createThrottle(now: () => number, terms: ThrottleTerms): Throttle {
  const attempts = new RecentKeys<Attempts>();
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
      attempts.set(key, { failures, blockedUntil: now() + wait });
      return failures;
    },
    succeeded: (key) => attempts.delete(key),
    forgive: (key) => {
      const found = current(key);
      if (found === undefined) return;
      found.failures -= 1;
      found.blockedUntil = now();
    },
  };
}
