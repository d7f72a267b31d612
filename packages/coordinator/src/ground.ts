/** The parts under every room of the coordinator: store, clock, HTTP, keys and audit log. */
import { join } from 'node:path';
import type { Language } from '@quorate/wire';
import type { FastifyInstance } from 'fastify';
import { type Audit, Tally } from './audit/index.ts';
import type { ServerKeys, TokenKeySettings } from './auth/index.ts';
import { type Clock, systemClock } from './clock.ts';
import { Hub } from './delivery/hub.ts';
import { describe } from './describe.ts';
import { type AnswerOptions, answerEverything } from './http/answers.ts';
import { createApp } from './http/app.ts';
import { HSTS, securityHeaders } from './http/headers.ts';
import { openKeysAndLog } from './keysAndLog.ts';
import {
  CONNECTIONS_PER_USER,
  RATES,
  type Rates,
  TIMEOUTS,
  type Timeouts,
} from './limits/defaults.ts';
import type { ServerOptions } from './options.ts';
import { createMetrics, type Metrics } from './rest/index.ts';
import type { Database } from './store/database.ts';

/** The parts that every room is made with. */
export interface Ground {
  readonly options: ServerOptions;
  readonly database: Database;
  readonly clock: Clock;
  readonly language: Language;
  readonly timeouts: Timeouts;
  readonly rates: Rates;
  readonly answers: AnswerOptions;
  readonly app: FastifyInstance;
  readonly hub: Hub;
  readonly metrics: Metrics;
  readonly keys: ServerKeys;
  readonly tokens: TokenKeySettings;
  readonly audit: Audit;
  readonly tally: Tally;
  /** Told about defects. */
  readonly onError: (error: unknown) => void;
}

/** Opens the parts over the store, in the order of their dependencies. */
export async function layGround(options: ServerOptions, database: Database): Promise<Ground> {
  const clock = options.clock ?? systemClock;
  const language = options.language ?? 'en';
  const tokens = { keyFile: join(options.dataDirectory, 'keys', 'token.pem'), ...options.tokens };
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const { hsts = HSTS, tls } = options;
  const answers = { language, headers: securityHeaders(tls === undefined ? undefined : hsts) };
  const app = createApp(options, timeouts, answers);
  const onError = (error: unknown): void => app.log.error({ error: describe(error) }, 'failure');
  answerEverything(app, answers, onError);
  const opening = { options, database, tokens, clock, logger: app.log, onError };
  const { keys, audit } = await openKeysAndLog(opening);
  return {
    options,
    database,
    clock,
    language,
    timeouts,
    rates: { ...RATES, ...options.rates },
    answers,
    app,
    hub: new Hub(options.maxConnectionsPerUser ?? CONNECTIONS_PER_USER),
    metrics: createMetrics(),
    keys,
    tokens,
    audit,
    tally: new Tally({ database, audit, clock, onError }),
    onError,
  };
}
