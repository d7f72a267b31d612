/** Counts for Prometheus. */
import type { ThreadHealth } from '@quorate/holder';
import type { Step, TwoPartySession, TwoPartyType } from '@quorate/wire';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Values read whenever metrics are requested. */
export interface Gauges {
  readonly running: () => number;
  readonly waiting: () => number;
  readonly primes: () => number;
  readonly threads: () => readonly ThreadHealth[];
  readonly connected: () => number;
  readonly doors: { readonly open: number; readonly refused: number };
}

/** The metrics of one server. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  session(view: TwoPartySession): void;
  /** A finished step. */
  step(type: TwoPartyType, step: Step, seconds: number): void;
  request(route: string, status: number, seconds: number): void;
}

/** Makes the metrics. */
export function createMetrics(gauges: Gauges): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const sessions = new Counter({
    name: 'quorate_cosigner_sessions_total',
    help: 'sessions that are over',
    labelNames: ['type', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'quorate_cosigner_session_seconds',
    help: 'duration of completed sessions',
    labelNames: ['type'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180],
    registers,
  });
  const steps = new Histogram({
    name: 'quorate_cosigner_step_seconds',
    help: 'duration of the steps of sessions',
    labelNames: ['type', 'step'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
    registers,
  });
  const requests = new Histogram({
    name: 'quorate_cosigner_http_seconds',
    help: 'duration of REST requests',
    labelNames: ['route', 'status'],
    registers,
  });
  const gauge = (name: string, help: string, read: () => number): void => {
    const made: Gauge = new Gauge({ name, help, registers, collect: () => made.set(read()) });
  };
  gauge('quorate_cosigner_sessions_running', 'sessions that are not over', gauges.running);
  gauge(
    'quorate_cosigner_sessions_waiting',
    'sessions that wait for their turn, among those that are not over',
    gauges.waiting,
  );
  gauge('quorate_cosigner_primes_ready', 'pairs of primes in stock', gauges.primes);
  gauge('quorate_cosigner_partners_connected', 'partners connected now', gauges.connected);
  registerThreads(registry, gauges.threads);
  gauge('quorate_cosigner_connections', 'connections open now', () => gauges.doors.open);
  gauge(
    'quorate_cosigner_connections_refused',
    'connections refused since the start, because a limit was reached',
    () => gauges.doors.refused,
  );
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    session: ({ type, status, created_at: from, updated_at: to }) => {
      sessions.inc({ type, status });
      if (status === 'completed') duration.observe({ type }, (to - from) / 1000);
    },
    step: (type, step, seconds) => steps.observe({ type, step }, seconds),
    request: (route, status, seconds) => requests.observe({ route, status }, seconds),
  };
}

/** The table of `/readyz`, one series per thread. */
function registerThreads(registry: Registry, threads: () => readonly ThreadHealth[]): void {
  const figures: readonly [string, string, (thread: ThreadHealth) => number][] = [
    ['thread_up', '1 while a protocol thread runs', ({ state }) => (state === 'stopped' ? 0 : 1)],
    [
      'thread_last_answer_seconds',
      'since the thread was last known to go on',
      ({ last_answer_ms: age }) => age / 1000,
    ],
    ['thread_sessions', 'sessions in the thread', ({ sessions }) => sessions],
    ['thread_restarts', 'threads replaced since the start', ({ restarts }) => restarts],
    ['thread_faults', 'sessions ended by a fault of ours', ({ faults }) => faults],
    ['thread_stuck', 'threads given up that could not be ended', ({ stuck }) => stuck],
  ];
  for (const [name, help, value] of figures) {
    const gauge: Gauge<'thread'> = new Gauge({
      name: `quorate_cosigner_${name}`,
      help,
      labelNames: ['thread'],
      registers: [registry],
      collect: () => {
        for (const row of threads()) gauge.set({ thread: String(row.index) }, value(row));
      },
    });
  }
}
