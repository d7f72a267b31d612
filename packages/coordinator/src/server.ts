/** The coordinator: its parts, put together (architecture §4). */
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CLOSE, DEADLINES } from '@quorate/wire';
import fastify, { type FastifyInstance, LogController } from 'fastify';
import { Gauge, type Registry } from 'prom-client';
import { type Audit, createAudit, Tally } from './audit/index.ts';
import { type Auth, createAuth, loadOrCreateKey } from './auth/index.ts';
import { type ChipRegistry, createChips } from './chips/index.ts';
import { createReplacements } from './chips/replacement.ts';
import { systemClock } from './clock.ts';
import { Hub } from './delivery/hub.ts';
import { Outbox } from './delivery/outbox.ts';
import { createMetrics, registerRest } from './rest/index.ts';
import type { Clock } from './services.ts';
import { SessionService } from './session/service.ts';
import type { Deadlines } from './session/types.ts';
import { keysView, sessionsView } from './session/views.ts';
import { Desk } from './socket/desk.ts';
import { SocketServer } from './socket/server.ts';
import type { Database } from './store/database.ts';
import { openDatabase } from './store/sqlite.ts';
import { type Endpoint, ServerError, type ServerOptions } from './options.ts';
import { registerConsole } from './web.ts';

/** A coordinator that is put together, listening or not. */
export interface CoordinatorServer {
  listen(): Promise<Endpoint>;
  /** Drains: closes sockets with 1012, finishes what is being stored, signs the audit log, closes the store. */
  close(): Promise<void>;
  /** Empty before `listen`. */
  readonly url: string;
  readonly wsUrl: string;
  /** Makes the first administrator, once; only while there is no user. */
  readonly setupToken?: string;
  /** The HTTP side, for tests that inject requests. */
  readonly app: FastifyInstance;
}

const DEFAULT_PORT = 8080;
const PRUNE_MS = 3600_000;

/**
 * Puts a coordinator together over its data directory; nothing listens yet.
 *
 * @throws ServerError `server/insecure` for another interface than loopback without TLS
 */
export async function createServer(options: ServerOptions): Promise<CoordinatorServer> {
  const host = options.host ?? '127.0.0.1';
  checkTransport(host, options);
  await mkdir(options.dataDirectory, { recursive: true, mode: 0o700 });
  await chmod(options.dataDirectory, 0o700);
  const database = await openDatabase(join(options.dataDirectory, 'quorate.db'));
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

interface Parts {
  readonly database: Database;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly tally: Tally;
  readonly auth: Auth;
  readonly chips: ChipRegistry;
  readonly outbox: Outbox;
  readonly sessions: SessionService;
  readonly sockets: SocketServer;
  readonly app: FastifyInstance;
  readonly state: { ready: boolean };
}

async function assemble(options: ServerOptions, database: Database): Promise<Parts> {
  const clock = options.clock ?? systemClock;
  const language = options.language ?? 'en';
  const keys = (name: string): string => join(options.dataDirectory, 'keys', name);
  const app = createApp(options);
  const onError = (error: unknown): void => app.log.error({ error: describe(error) }, 'failure');
  const hub = new Hub();
  const audit = createAudit({
    database,
    clock,
    onError,
    key: loadOrCreateKey(keys('audit.pem'), 'ed25519'),
  });
  const tally = new Tally({ database, audit, clock, onError });
  const auth = await createAuth({
    database,
    audit,
    clock,
    keys: { keyFile: keys('token.pem'), ...options.tokens },
    ...(options.lifetimes === undefined ? {} : { lifetimes: options.lifetimes }),
    ...(options.passwordCost === undefined ? {} : { cost: options.passwordCost }),
    onRevoked: (username) => hub.disconnect(username, CLOSE.tokenExpired, 'register again'),
  });
  const outbox = new Outbox((to, message) => hub.deliver(to, message));
  const chips = createChips({
    database,
    audit,
    clock,
    users: auth.users,
    key: loadOrCreateKey(keys('authorisation.pem'), 'p256'),
    onInactive: (tx, chip, at) => sessions.chipInactive(tx, chip, at),
  });
  const sessions: SessionService = new SessionService({
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
    maxOpenSessions: options.maxOpenSessions ?? 256,
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
  const sockets = new SocketServer({
    desk,
    logger: app.log,
    origins: options.origins ?? [],
    maxConnections: options.maxConnections ?? 2000,
    maxConnectionsPerAddress: options.maxConnectionsPerAddress ?? 500,
  });
  const state = { ready: false };
  const metrics = createMetrics();
  countConnections(metrics.registry, sockets);
  registerRest(app, {
    database,
    auth,
    chips,
    replacements: createReplacements({ database, audit, clock, chips, onError }),
    audit,
    clock,
    language,
    keys: keysView(audit, clock),
    sessions: sessionsView,
    metrics,
    ready: () => state.ready,
    onError: (error, route) => app.log.error({ error: describe(error), route }, 'request failed'),
  });
  registerConsole(app, options.consoleFiles ?? new Map());
  return { database, clock, audit, tally, auth, chips, outbox, sessions, sockets, app, state };
}

function countConnections(registry: Registry, sockets: SocketServer): void {
  const gauge: Gauge = new Gauge({
    name: 'quorate_connections',
    help: 'Open WebSocket connections',
    registers: [registry],
    collect: () => gauge.set(sockets.size),
  });
}

const defaultDeadlines: Deadlines = {
  invitation: DEADLINES.invitation,
  round: DEADLINES.round,
  session: DEADLINES.session,
};

function createApp(options: ServerOptions): FastifyInstance {
  const common = {
    ...(options.logger === undefined ? {} : { loggerInstance: options.logger }),
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: false,
    // Usernames and chip names in an address: up to 128 characters, percent-encoded.
    routerOptions: { maxParamLength: 2048 },
    requestTimeout: 30_000,
    forceCloseConnections: true,
    return503OnClosing: true,
  };
  const { tls } = options;
  if (tls === undefined) return fastify(common);
  const https = { cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.2' as const };
  // Fastify types an HTTPS server as another class; the interface used here is the same.
  return fastify({ ...common, https }) as unknown as FastifyInstance;
}

class Server implements CoordinatorServer {
  url = '';
  wsUrl = '';
  readonly setupToken?: string;
  readonly #options: ServerOptions;
  readonly #host: string;
  readonly #parts: Parts;
  #cancelPrune: () => void = () => undefined;
  #closed: Promise<void> | undefined;

  constructor(options: ServerOptions, host: string, parts: Parts, setupToken: string | undefined) {
    this.#options = options;
    this.#host = host;
    this.#parts = parts;
    if (setupToken !== undefined) this.setupToken = setupToken;
  }

  get app(): FastifyInstance {
    return this.#parts.app;
  }

  async listen(): Promise<Endpoint> {
    const { app, sockets, sessions, outbox, database, clock, audit, state } = this.#parts;
    await database.transaction((tx) => outbox.start(tx, clock.now()));
    await sessions.start();
    audit.start();
    this.#schedulePrune();
    sockets.attach(app.server);
    try {
      await app.listen({ host: this.#host, port: this.#options.port ?? DEFAULT_PORT });
    } catch (error) {
      await this.close();
      throw error;
    }
    const address = app.server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const secure = this.#options.tls === undefined ? '' : 's';
    const host = this.#host.includes(':') ? `[${this.#host}]` : this.#host;
    this.url = `http${secure}://${host}:${port}`;
    this.wsUrl = `ws${secure}://${host}:${port}/ws`;
    state.ready = true;
    return { url: this.url, wsUrl: this.wsUrl };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { app, sockets, sessions, database, audit, tally, state } = this.#parts;
    state.ready = false;
    this.#cancelPrune();
    sessions.stop();
    await sockets.close(CLOSE.restarting, 'restarting');
    await app.close();
    await tally.flush();
    await audit.stop();
    await database.close();
  }

  #schedulePrune(): void {
    const { clock, database, outbox, app } = this.#parts;
    this.#cancelPrune = clock.schedule(clock.now() + PRUNE_MS, () => {
      database
        .transaction((tx) => outbox.prune(tx, clock.now()))
        .catch((error: unknown) => app.log.error({ error: describe(error) }, 'failure'));
      this.#schedulePrune();
    });
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
