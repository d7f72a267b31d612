import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SessionLimit } from '../../src/ceremonies/limit.ts';

const MINUTE = 60_000;
let wall = 0;
let running = 0;
const clock = { now: () => wall, monotonic: () => running };

beforeEach(() => {
  vi.useFakeTimers();
  wall = 1_800_000_000_000;
  running = 5000;
});

afterEach(() => {
  vi.useRealTimers();
});

const limitOf = (onPassed = vi.fn()): { limit: SessionLimit; onPassed: typeof onPassed } => ({
  limit: new SessionLimit(clock, wall + 10 * MINUTE, 10 * MINUTE, onPassed),
  onPassed,
});

test('X-9: a limit passes at its time of day although the machine slept and no time has run', () => {
  const { limit, onPassed } = limitOf();
  wall += 10 * MINUTE - 1;
  vi.advanceTimersByTime(1000);
  expect(limit.passed).toBe(false);
  wall += 1;
  expect(limit.passed).toBe(true);
  vi.advanceTimersByTime(1000);
  expect(onPassed).toHaveBeenCalledTimes(1);
});

test('X-9: a limit passes after its running time although the time of day was set back', () => {
  const { limit, onPassed } = limitOf();
  wall -= 24 * 60 * MINUTE;
  running += 10 * MINUTE - 1;
  vi.advanceTimersByTime(1000);
  expect(limit.passed).toBe(false);
  running += 1;
  vi.advanceTimersByTime(1000);
  expect(onPassed).toHaveBeenCalledTimes(1);
  expect(limit.passed).toBe(true);
});

test('X-9: a limit that was seen passed stays passed when the clock is set back', () => {
  const { limit } = limitOf();
  wall += 10 * MINUTE;
  expect(limit.passed).toBe(true);
  wall -= 10 * MINUTE;
  expect(limit.passed).toBe(true);
});

test('X-9: a limit that was stopped calls nobody', () => {
  const { limit, onPassed } = limitOf();
  limit.stop();
  running += 11 * MINUTE;
  vi.advanceTimersByTime(20 * MINUTE);
  expect(onPassed).not.toHaveBeenCalled();
});
