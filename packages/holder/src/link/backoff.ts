/** Waiting times between attempts to reconnect: exponential with full jitter. */
import { randomInt } from 'node:crypto';

/** Gives the next waiting time, in milliseconds. */
export interface Backoff {
  next(): number;
  reset(): void;
}

/** Full jitter: each wait is uniform below a bound that doubles up to the cap. */
export function createBackoff(baseMs = 250, capMs = 15_000): Backoff {
  let attempts = 0;
  return {
    next: () => {
      const bound = Math.min(capMs, baseMs * 2 ** Math.min(attempts, 16));
      attempts += 1;
      return randomInt(bound + 1);
    },
    reset: () => {
      attempts = 0;
    },
  };
}
