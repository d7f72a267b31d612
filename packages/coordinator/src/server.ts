/** The coordinator: its parts, put together (docs/architecture.md). */
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectories } from '@quorate/intent/directory';
import { CLOSE, ConnectionLimiter, DEADLINES } from '@quorate/wire';
import { Gauge, type Registry } from 'prom-client';
import { Tally } from './audit/index.ts';
import { createAuth } from './auth/index.ts';
import { CEREMONIES } from './ceremonies/index.ts';
import { createChips } from './chips/index.ts';
import { keysView } from './keys/index.ts';
import { createReplacements } from './replacement/index.ts';
import { systemClock } from './clock.ts';
import { LoopWatch } from './loopWatch.ts';
import { ClockWatch, describeStep, recordStep } from './clockWatch.ts';
import { describe } from './describe.ts';
import { Hub } from './delivery/hub.ts';
import { Outbox, RETENTION } from './delivery/outbox.ts';
import { answerEverything } from './http/answers.ts';
import { createApp } from './http/app.ts';
import { HSTS, securityHeaders } from './http/headers.ts';
import { createHealth, type Health } from './health.ts';
import { checkNoHead, openKeysAndLog } from './keysAndLog.ts';
import { ClientAddresses } from './limits/addresses.ts';
import {
  CONNECTIONS_PER_USER,
  connectionLimits,
  RATES,
  REQUEST_LIMITS,
  TIMEOUTS,
} from './limits/defaults.ts';
import { createMetrics, registerRest } from './rest/index.ts';
import { SessionService } from './session/service.ts';
import type { Deadlines } from './session/types.ts';
import { ordersOf } from './session/endings.ts';
import { sessionsView } from './session/views.ts';
import { Desk } from './socket/desk.ts';
import { SocketServer } from './socket/server.ts';
import type { Database } from './store/database.ts';
import { checkFirstStart } from './store/firstStart.ts';
import { StoreProbe } from './store/probe.ts';
import { openDatabase } from './store/sqlite.ts';
import { ServerError, type ServerOptions } from './options.ts';
import { type CoordinatorServer, type Parts, Server } from './running.ts';
import { registerConsole } from './web.ts';

/**
 * Puts a coordinator together over its data directory; nothing listens yet.
 *
 * @throws ServerError `server/insecure` for another interface than loopback without TLS,
 * `server/no-database`, `server/has-database`, `server/nothing-to-adopt`; KeyFileError for a key that the database does not know
 */
export async function createServer(options: ServerOptions): Promise<CoordinatorServer> {
  const host = options.host ?? '127.0.0.1';
  checkTransport(host, options);
  const file = join(options.dataDirectory, 'quorate.db');
  await checkFirstStart(file, options.init ?? false);
  checkNoHead(options);
  makeDirectories(options.dataDirectory);
  await chmod(options.dataDirectory, 0o700);
  const database = await openDatabase(file);
  try {
    const parts = await assemble(options, database);
    const setupToken = await parts.auth.makeSetupToken();
    return new Server(options, host, parts, setupToken);
  } catch (error) {
    await database.close();
    throw error;
  }
}

function checkTransport(host: string, options: ServerOptions): void {
  const loopback = host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
  if (loopback || options.tls !== undefined || options.allowInsecure === true) return;
  throw new ServerError(
    'server/insecure',
    `${host} is reachable from other hosts: configure tls, or say allow_insecure: true`,
  );
}

async function assemble(options: ServerOptions, database: Database): Promise<Parts> {
  const clock = options.clock ?? systemClock;
  const language = options.language ?? 'en';
  const tokens = { keyFile: join(options.dataDirectory, 'keys', 'token.pem'), ...options.tokens };
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const rates = { ...RATES, ...options.rates };
  const { hsts = HSTS, tls } = options;
  const answers = { language, headers: securityHeaders(tls === undefined ? undefined : hsts) };
  const app = createApp(options, timeouts, answers);
  const onError = (error: unknown): void => app.log.error({ error: describe(error) }, 'failure');
  answerEverything(app, answers, onError);
  const hub = new Hub(options.maxConnectionsPerUser ?? CONNECTIONS_PER_USER);
  const opening = { options, database, tokens, clock, logger: app.log, onError };
  const { keys, audit } = await openKeysAndLog(opening);
  const tally = new Tally({ database, audit, clock, onError });
  const metrics = createMetrics();
  const auth = await createAuth({
    database,
    audit,
    clock,
    keys: { ...tokens, ...(keys.token === undefined ? {} : { key: keys.token }) },
    ...(options.lifetimes === undefined ? {} : { lifetimes: options.lifetimes }),
    ...(options.passwordCost === undefined ? {} : { cost: options.passwordCost }),
    onChanged: (tx, username, at) => sessions.endings.userChanged(tx, username, at),
    tally,
    rates,
    ...(options.knownFor === undefined ? {} : { knownFor: options.knownFor }),
    onRevoked: (revoked) => hub.disconnect(revoked, CLOSE.tokenExpired, 'register again'),
    onGuess: (outcome) => metrics.login(outcome),
  });
  const kept = { ...RETENTION, ...options.retention };
  const outbox = new Outbox(
    (to, message) => hub.deliver(to, message),
    kept,
    (who) => hub.isConnected(who),
  );
  const chips = createChips({
    database,
    audit,
    tally,
    clock,
    users: auth.users,
    key: keys.authorisation,
    onInactive: (tx, chip, at) => sessions.endings.chipInactive(tx, chip, at),
  });
  const sessions: SessionService = new SessionService({
    ceremonies: CEREMONIES,
    database,
    users: auth.users,
    chips,
    audit,
    tally,
    outbox,
    hub,
    clock,
    language,
    onError,
    deadlines: { ...defaultDeadlines, ...options.deadlines },
    limits: { ...REQUEST_LIMITS, ...options.requestLimits },
  });
  const desk = new Desk({
    database,
    tokens: auth.tokens,
    outbox,
    hub,
    sessions,
    audit,
    tally,
    clock,
    language,
  });
  const addresses = new ClientAddresses(options.trustedProxies ?? []);
  const limiter = new ConnectionLimiter(connectionLimits(options.connections), addresses);
  const sockets = new SocketServer({
    desk,
    logger: app.log,
    origins: options.origins ?? [],
    limiter,
    addresses,
    answers,
    registerTimeout: timeouts.register,
    rates,
  });
  const state = { ready: false };
  const clockWatch = new ClockWatch(clock, (step) => {
    app.log.warn(describeStep(step));
    recordStep(step, { audit, clock, onError });
  });
  const store = new StoreProbe(database, clock);
  const loopWatch = new LoopWatch(clock);
  const isReady = (): boolean => state.ready;
  const health = createHealth({ store, audit, clockWatch, loopWatch, isReady });
  countParts(metrics.registry, health);
  countConnections(metrics.registry, sockets, limiter);
  countClockSteps(metrics.registry, clockWatch);
  registerRest(app, {
    database,
    auth,
    chips,
    replacements: createReplacements({ database, audit, tally, clock, chips, onError }),
    audit,
    tally,
    clock,
    language,
    keys: keysView({
      audit,
      clock,
      chips,
      onRevoked: (tx, key, at) => sessions.endings.grantRevoked(tx, key, at),
    }),
    sessions: sessionsView(CEREMONIES, { users: auth.users, chips, hub }),
    sessionOrders: ordersOf(sessions.endings),
    addresses,
    hub,
    rates,
    metrics,
    health,
    onError: (error, route) => app.log.error({ error: describe(error), route }, 'request failed'),
  });
  registerConsole(app, options.consoleFiles ?? new Map());
  return {
    database,
    clock,
    clockWatch,
    loopWatch,
    audit,
    tally,
    auth,
    chips,
    outbox,
    sessions,
    sockets,
    limiter,
    app,
    state,
  };
}

function countConnections(
  registry: Registry,
  sockets: SocketServer,
  limiter: ConnectionLimiter,
): void {
  const figures: readonly [string, string, () => number][] = [
    ['quorate_connections', 'Open WebSocket connections', () => sockets.size],
    ['quorate_sockets', 'Open TCP connections of all kinds', () => limiter.size],
    ['quorate_sockets_unregistered', 'Those without a registration', () => limiter.strangers],
    ['quorate_sockets_ended', 'TCP connections ended for want of room', () => limiter.ended],
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

function countParts(registry: Registry, health: Health): void {
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

function countClockSteps(registry: Registry, clockWatch: ClockWatch): void {
  const gauge: Gauge = new Gauge({
    name: 'quorate_clock_steps',
    help: 'How often the wall clock was set by more than 5 seconds since the start',
    registers: [registry],
    collect: () => gauge.set(clockWatch.count),
  });
}

const defaultDeadlines: Deadlines = {
  invitation: DEADLINES.invitation,
  round: DEADLINES.round,
  session: DEADLINES.session,
};
