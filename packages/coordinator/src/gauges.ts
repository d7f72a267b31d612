/** Metrics of the server's parts, for Prometheus. */
import type { ConnectionLimiter } from '@quorate/wire';
import { Gauge, type Registry } from 'prom-client';
import type { ClockWatch } from './clockWatch.ts';
import type { Health } from './health.ts';
import type { SocketServer } from './socket/server.ts';

/** Counts WebSockets and the connections under them. */
export function countConnections(
  registry: Registry,
  sockets: SocketServer,
  limiter: ConnectionLimiter,
): void {
  const figures: readonly [string, string, () => number][] = [
    ['quorate_connections', 'Open WebSocket connections', () => sockets.size],
    ['quorate_sockets', 'Open TCP connections of all kinds', () => limiter.size],
    ['quorate_sockets_unregistered', 'Those without a registration', () => limiter.strangers],
    ['quorate_sockets_ended', 'TCP connections ended for lack of room', () => limiter.ended],
  ];
  for (const [name, help, value] of figures) {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [registry],
      collect: () => gauge.set(value()),
    });
  }
}

/** Reports how long each part of the server last stood still. */
export function countParts(registry: Registry, health: Health): void {
  const gauge: Gauge<'part'> = new Gauge({
    name: 'quorate_part_delay_seconds',
    help: 'How long the event loop and the store last stood still or took to answer',
    labelNames: ['part'],
    registers: [registry],
    collect: () => {
      for (const part of health.parts()) gauge.set({ part: part.name }, part.delay_ms / 1000);
    },
  });
}

/** Counts how often the wall clock was set. */
export function countClockSteps(registry: Registry, clockWatch: ClockWatch): void {
  const gauge: Gauge = new Gauge({
    name: 'quorate_clock_steps',
    help: 'How often the wall clock was set by more than 5 seconds since the start',
    registers: [registry],
    collect: () => gauge.set(clockWatch.count),
  });
}
