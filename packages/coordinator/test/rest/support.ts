import { CEREMONIES } from '../../src/ceremonies/index.ts';
import type { Role } from '@quorate/wire';
import { join } from 'node:path';
import Fastify, { type FastifyInstance, type InjectOptions } from 'fastify';
import { onTestFinished } from 'vitest';
import { loadOrCreateKey } from '../../src/auth/index.ts';
import { type ChipRegistry, createChips } from '../../src/chips/index.ts';
import { keysView } from '../../src/keys/index.ts';
import { createReplacements } from '../../src/replacement/index.ts';
import { ClockWatch } from '../../src/clockWatch.ts';
import { Tally } from '../../src/audit/index.ts';
import { Outbox } from '../../src/delivery/outbox.ts';
import { ordersOf } from '../../src/session/endings.ts';
import { REQUEST_LIMITS } from '../../src/limits/defaults.ts';
import { SessionService } from '../../src/session/service.ts';
import { LoopWatch } from '../../src/loopWatch.ts';
import { createHealth } from '../../src/health.ts';
import { Hub } from '../../src/delivery/hub.ts';
import { answerEverything } from '../../src/http/answers.ts';
import { securityHeaders } from '../../src/http/headers.ts';
import { ClientAddresses } from '../../src/limits/addresses.ts';
import { createMetrics, type RestDeps, registerRest } from '../../src/rest/index.ts';
import { StoreProbe } from '../../src/store/probe.ts';
import { sessionsView } from '../../src/session/views.ts';
import { type Fixture, openFixture, PASSWORD, setUpAdmin } from '../auth/support.ts';

export interface RestFixture extends Fixture {
  readonly app: FastifyInstance;
  readonly chips: ChipRegistry;
  readonly defects: unknown[];
  /** Logs of the framework itself, from warnings on, one line of JSON each. */
  readonly logged: string[];
  /** Sends a request as a user, with JSON in and out. */
  readonly call: (
    as: string | undefined,
    method: string,
    url: string,
    body?: unknown,
  ) => Promise<Answer>;
  /** A token of a user, made once. */
  readonly tokenOf: (username: string) => Promise<string>;
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** One user of each role, named after it, and a second participant. */
const PEOPLE: readonly { readonly username: string; readonly roles: readonly Role[] }[] = [
  { username: 'auditor', roles: ['auditor'] },
  { username: 'coordinator', roles: ['coordinator'] },
  { username: 'participant', roles: ['participant'] },
  { username: '用户2', roles: ['participant'] },
];

/** Changes that a test makes to the interface's surroundings. */
type Change = Partial<RestDeps> & { readonly isReady?: () => boolean };

export async function openRest(change: Change = {}): Promise<RestFixture> {
  const fixture = await openFixture();
  await setUpAdmin(fixture);
  for (const user of PEOPLE) await fixture.auth.createUser({ ...user, password: PASSWORD }, 'root');
  return serve(fixture, change);
}

/** Serves the REST interface over an existing store. */
export async function serve(fixture: Fixture, change: Change = {}): Promise<RestFixture> {
  const { auth, audit, clock, database, directory } = fixture;
  const { isReady = () => true, ...deps } = change;
  const clockWatch = new ClockWatch(clock, () => undefined);
  clockWatch.start();
  const defects: unknown[] = [];
  const key = loadOrCreateKey(join(directory, 'keys', 'chips.pem'), 'p256');
  const onError = (error: unknown): void => void defects.push(error);
  const tally = new Tally({ database, audit, clock, onError });
  const chips = createChips({ database, audit, tally, clock, users: auth.users, key });
  const hub = new Hub();
  const sessions = new SessionService({
    ceremonies: CEREMONIES,
    database,
    users: auth.users,
    chips,
    audit,
    tally,
    outbox: new Outbox((to, message) => hub.deliver(to, message)),
    hub,
    clock,
    language: 'en',
    onError,
    deadlines: { invitation: 120_000, round: 30_000, session: 300_000 },
    limits: REQUEST_LIMITS,
  });
  onTestFinished(() => sessions.stop());
  const logged: string[] = [];
  const app = Fastify({
    routerOptions: { maxParamLength: 1024 },
    logger: { level: 'warn', stream: { write: (line) => void logged.push(line) } },
  });
  const answers = { language: 'en', headers: securityHeaders(undefined) } as const;
  answerEverything(app, answers, (error) => defects.push(error));
  registerRest(app, {
    database,
    auth,
    chips,
    replacements: createReplacements({ database, audit, tally, clock, chips }),
    audit,
    tally,
    keys: keysView({
      audit,
      clock,
      chips,
      onRevoked: (tx, key, at) => sessions.endings.grantRevoked(tx, key, at),
    }),
    sessions: sessionsView(CEREMONIES, { users: auth.users, chips, hub }),
    sessionOrders: ordersOf(sessions.endings),
    clock,
    addresses: new ClientAddresses([]),
    hub,
    metrics: createMetrics(),
    health: createHealth({
      store: new StoreProbe(database, clock),
      audit,
      clockWatch,
      loopWatch: new LoopWatch(clock),
      isReady,
    }),
    onError,
    ...deps,
  });
  await app.ready();
  onTestFinished(() => app.close());
  const tokens = new Map<string, string>();
  const tokenOf = async (username: string): Promise<string> => {
    const made =
      tokens.get(username) ??
      (await auth.issueToken({ username, lifetime: 3_600_000, actor: 'root' })).token;
    tokens.set(username, made);
    return made;
  };
  const call: RestFixture['call'] = async (as, method, url, body) => {
    const authorization = as === undefined ? {} : { authorization: `Bearer ${await tokenOf(as)}` };
    const content = body === undefined ? {} : { 'content-type': 'application/json' };
    const options = { method, url, headers: { ...authorization, ...content } } as InjectOptions;
    const response = await app.inject(
      body === undefined ? options : { ...options, payload: JSON.stringify(body) },
    );
    const isJson = /^application\/(problem\+)?json;/.test(String(response.headers['content-type']));
    return {
      status: response.statusCode,
      text: response.body,
      body: isJson ? response.json() : {},
      headers: response.headers,
    };
  };
  return { ...fixture, app, chips, defects, logged, call, tokenOf };
}
