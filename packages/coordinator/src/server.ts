/** The coordinator: its parts, put together (docs/architecture.md). */
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectories } from '@quorate/intent/directory';
import { ConnectionLimiter } from '@quorate/wire';
import { CEREMONIES } from './ceremonies/index.ts';
import { ClockWatch, describeStep, recordStep } from './clockWatch.ts';
import { describe } from './describe.ts';
import { countClockSteps, countConnections, countParts } from './gauges.ts';
import { type Ground, layGround } from './ground.ts';
import { createHealth, type Health } from './health.ts';
import { keysView } from './keys/index.ts';
import { checkNoHead } from './keysAndLog.ts';
import { ClientAddresses } from './limits/addresses.ts';
import { connectionLimits } from './limits/defaults.ts';
import { LoopWatch } from './loopWatch.ts';
import { ServerError, type ServerOptions } from './options.ts';
import { createReplacements } from './replacement/index.ts';
import { registerRest, type RestDeps } from './rest/index.ts';
import { openRooms, type Rooms } from './rooms.ts';
import { type CoordinatorServer, type Parts, Server } from './running.ts';
import { ordersOf } from './session/endings.ts';
import { sessionsView } from './session/views.ts';
import { ConnectionService } from './socket/connectionService.ts';
import { SocketServer } from './socket/server.ts';
import type { Database } from './store/database.ts';
import { checkFirstStart } from './store/firstStart.ts';
import { migrations } from './store/migrations.ts';
import { StoreProbe } from './store/probe.ts';
import { openDatabase } from './store/sqlite.ts';
import { registerConsole } from './web.ts';

/**
 * Assembles a coordinator over its data directory; nothing listens yet.
 *
 * @throws ServerError `server/insecure` for another interface than loopback without TLS, `server/no-database`,
 * `server/has-database`, `server/nothing-to-adopt`; KeyFileError for a key that the database does not know
 */
export async function createServer(options: ServerOptions): Promise<CoordinatorServer> {
  const host = options.host ?? '127.0.0.1';
  checkTransport(host, options);
  const file = join(options.dataDirectory, 'quorate.db');
  await checkFirstStart(file, options.init ?? false);
  checkNoHead(options);
  makeDirectories(options.dataDirectory);
  await chmod(options.dataDirectory, 0o700);
  const postponed: unknown[] = [];
  const database = await openDatabase(file, migrations, (error) => postponed.push(error));
  try {
    const parts = await assemble(options, database);
    for (const error of postponed) {
      const message = 'no room to rewrite the store: the next start tries again';
      parts.app.log.warn({ error: describe(error) }, message);
    }
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
    `${host} is reachable from other hosts: configure tls, or set allow_insecure: true`,
  );
}

async function assemble(options: ServerOptions, database: Database): Promise<Parts> {
  const ground = await layGround(options, database);
  const rooms = await openRooms(ground);
  const doors = openDoors(ground, rooms);
  const watches = watchOver(ground);
  const { app, metrics, clock, audit, tally } = ground;
  countParts(metrics.registry, watches.health);
  countConnections(metrics.registry, doors.sockets, doors.limiter);
  countClockSteps(metrics.registry, watches.clockWatch);
  registerRest(app, restOf(ground, rooms, { ...doors, ...watches }));
  registerConsole(app, options.consoleFiles ?? new Map());
  return { database, clock, audit, tally, app, ...rooms, ...doors, ...watches };
}

interface Doors {
  readonly addresses: ClientAddresses;
  readonly limiter: ConnectionLimiter;
  readonly sockets: SocketServer;
}

function openDoors(ground: Ground, { auth, outbox, sessions }: Rooms): Doors {
  const { options, database, audit, tally, clock, hub, language, rates, answers, onError } = ground;
  const { tokens } = auth;
  const service = new ConnectionService({
    database,
    tokens,
    outbox,
    hub,
    sessions,
    audit,
    tally,
    clock,
    language,
    onError,
  });
  const addresses = new ClientAddresses(options.trustedProxies ?? []);
  const limiter = new ConnectionLimiter(connectionLimits(options.connections), addresses);
  const sockets = new SocketServer({
    service,
    logger: ground.app.log,
    origins: options.origins ?? [],
    limiter,
    addresses,
    answers,
    registerTimeout: ground.timeouts.register,
    rates,
  });
  return { addresses, limiter, sockets };
}

interface Watches {
  readonly clockWatch: ClockWatch;
  readonly loopWatch: LoopWatch;
  readonly health: Health;
  /** Ready from when the server listens until it stops. */
  readonly state: { ready: boolean };
}

function watchOver({ database, clock, app, audit, onError }: Ground): Watches {
  const state = { ready: false };
  const clockWatch = new ClockWatch(clock, (step) => {
    app.log.warn(describeStep(step));
    recordStep(step, { audit, clock, onError });
  });
  const store = new StoreProbe(database, clock);
  const loopWatch = new LoopWatch(clock);
  const isReady = (): boolean => state.ready;
  const health = createHealth({ store, audit, clockWatch, loopWatch, isReady });
  return { clockWatch, loopWatch, health, state };
}

function restOf(
  { database, audit, tally, clock, language, hub, rates, metrics, app, onError }: Ground,
  { auth, chips, sessions }: Rooms,
  { addresses, health }: Pick<Doors, 'addresses'> & Pick<Watches, 'health'>,
): RestDeps {
  return {
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
  };
}
