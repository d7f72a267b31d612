import { describe, expect, test } from 'vitest';
import { createRateLimit, SlidingWindow } from '../../src/limits/windows.ts';

describe('windows', () => {
  test('a window forgets what is older than its length', () => {
    const window = new SlidingWindow(3, 1000);
    expect([0, 500, 1001, 1400, 1500].map((now) => window.hit(now))).toEqual([
      false,
      false,
      false,
      true,
      true,
    ]);
  });

  test('a rate limit says how long a key has to wait, and lets other keys on', () => {
    let now = 0;
    const limit = createRateLimit({ uses: 2, window: 1000 }, () => now);
    const at = (time: number, key: string): number => {
      now = time;
      return limit.take(key);
    };
    expect([at(0, 'a'), at(400, 'a'), at(700, 'a'), at(700, 'b')]).toEqual([0, 0, 300, 0]);
    expect(at(1000, 'a')).toBe(0);
  });
});
