import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from '../src/clock.ts';
import { type ClockStep, ClockWatch, describeStep } from '../src/clockWatch.ts';
import { testClock } from './support/clock.ts';
import { openWorld } from './support/world.ts';

const HOUR = 3_600_000;

describe('the clocks of the system', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  const setBy = (milliseconds: number): unknown => vi.setSystemTime(Date.now() + milliseconds);

  test.each([-HOUR, HOUR])(
    'X-10: a duration lasts as long when the clock is set by %i',
    async (by) => {
      const called = vi.fn();
      systemClock.after(10_000, called);
      const began = systemClock.elapsed();
      await vi.advanceTimersByTimeAsync(5000);
      setBy(by);
      await vi.advanceTimersByTimeAsync(4999);
      expect(called).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      expect(called).toHaveBeenCalledOnce();
      expect(systemClock.elapsed() - began).toBe(10_000);
    },
  );

  test('X-10: a date that the clock was set beyond comes within half a minute, one that it was set away from does not', async () => {
    const [soon, later] = [vi.fn(), vi.fn()];
    systemClock.schedule(systemClock.now() + HOUR, soon);
    setBy(HOUR);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(soon).toHaveBeenCalledOnce();
    systemClock.schedule(systemClock.now() + 10_000, later);
    setBy(-HOUR);
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(later).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(later).toHaveBeenCalledOnce();
  });

  test('a wait beyond the longest timer of the runtime does not end early, and can be cancelled', async () => {
    const [kept, cancelled] = [vi.fn(), vi.fn()];
    systemClock.after(2 ** 31 + 1000, kept);
    systemClock.after(2 ** 31 + 1000, cancelled)();
    await vi.advanceTimersByTimeAsync(2 ** 31 + 999);
    expect(kept).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(kept).toHaveBeenCalledOnce();
    expect(cancelled).not.toHaveBeenCalled();
  });
});

describe('a step of the wall clock', () => {
  test('X-10: is told once, with both dates, and small corrections are none until they add up', () => {
    const clock = testClock(0);
    const steps: ClockStep[] = [];
    const watch = new ClockWatch(clock, (step) => steps.push(step));
    watch.start();
    clock.advance(10_000);
    clock.step(5000);
    clock.advance(10_000);
    expect(steps).toEqual([]);
    clock.step(1);
    clock.advance(2000);
    expect(steps).toEqual([{ before: 22_000, after: 27_001 }]);
    clock.advance(60_000);
    clock.step(-HOUR);
    clock.advance(2000);
    expect(steps.slice(1)).toEqual([{ before: 89_001, after: 89_001 - HOUR }]);
    expect([watch.count, watch.last]).toEqual([2, steps[1]]);
    watch.stop();
    clock.step(HOUR);
    clock.advance(60_000);
    expect(watch.count).toBe(2);
    expect(describeStep({ before: 0, after: HOUR })).toBe(
      'the wall clock was set by +3600 s, from 1970-01-01T00:00:00.000Z to 1970-01-01T01:00:00.000Z',
    );
  });

  test('X-10: is in the audit log and in the metrics, and a client is told the time', async () => {
    const world = await openWorld([]);
    try {
      const socket = new WebSocket(world.server.wsUrl);
      const [{ headers }] = (await once(socket, 'upgrade')) as [IncomingMessage];
      expect(headers['quorate-time']).toBe(String(world.clock.now()));
      socket.terminate();
      world.clock.step(-HOUR);
      world.clock.advance(2000);
      const after = world.clock.now();
      const { body } = await world.rest('GET', '/audit?action=clock.step');
      expect(body['entries']).toMatchObject([
        { at: after, actor: 'system', outcome: 'ok', details: { before: after + HOUR, after } },
      ]);
      const metrics = await fetch(`${world.server.url}/metrics`);
      expect(await metrics.text()).toContain('quorate_clock_steps 1');
    } finally {
      await world.end();
    }
  });
});
