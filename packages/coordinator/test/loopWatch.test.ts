import { expect, test } from 'vitest';
import { LoopWatch } from '../src/loopWatch.ts';
import { testClock } from './support/clock.ts';

/** Lets the event loop stand still for at least so long. */
function standStill(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test('X-3: the longest time that the event loop stood still is told for 10 to 20 seconds', async () => {
  const clock = testClock();
  const watch = new LoopWatch(clock);
  await expect
    .poll(() => {
      standStill(300);
      return watch.delay;
    })
    .toBeGreaterThanOrEqual(200);
  clock.advance(10_000);
  expect(watch.delay).toBeGreaterThanOrEqual(200);
  clock.advance(9000);
  expect(watch.delay).toBeGreaterThanOrEqual(200);
  watch.stop();
  clock.advance(1000);
  expect(watch.delay).toBe(0);
});
