import { describe, expect, test } from 'vitest';
import { createBackoff } from '../../src/link/backoff.ts';

describe('backoff', () => {
  test('waits between nothing and a bound that doubles up to the cap, and starts over after a success', () => {
    const backoff = createBackoff(100, 1000);
    const bounds = [100, 200, 400, 800, 1000, 1000];
    for (const bound of bounds) {
      const wait = backoff.next();
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThanOrEqual(bound);
    }
    backoff.reset();
    expect(backoff.next()).toBeLessThanOrEqual(100);
  });
});
