import type { GuessOutcome } from '../auth/index.ts';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

/** The server's metrics, in a registry of its own. */
export interface Metrics {
  /** Other parts of the server register their metrics here. */
  readonly registry: Registry;
  observe(request: { method: string; route: string; status: number; seconds: number }): void;
  /** Counts a login by password. */
  login(outcome: GuessOutcome): void;
}

/** Makes the registry with the metrics of the process and of the REST interface. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'quorate_' });
  const requests = new Counter({
    name: 'quorate_http_requests_total',
    help: 'Answered REST requests',
    labelNames: ['method', 'route', 'status'] as const,
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'quorate_http_request_duration_seconds',
    help: 'Time from a REST request to its answer',
    labelNames: ['method', 'route'] as const,
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2],
    registers: [registry],
  });
  const logins = new Counter({
    name: 'quorate_logins_total',
    help: 'Logins by password: ok, wrong, throttled; flooded: a name is guessed from many places',
    labelNames: ['outcome'] as const,
    registers: [registry],
  });
  return {
    registry,
    login: (outcome) => logins.inc({ outcome }),
    observe: ({ method, route, status, seconds }) => {
      requests.inc({ method, route, status: String(status) });
      durations.observe({ method, route }, seconds);
    },
  };
}
