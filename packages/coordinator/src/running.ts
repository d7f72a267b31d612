/** The life of a coordinator: it starts to listen, maintains its store, and stops in order. */
import { setImmediate } from 'node:timers/promises';
import { CLOSE, type ConnectionLimiter, VERSION } from '@quorate/wire';
import type { FastifyInstance } from 'fastify';
import { type Audit, STOPPED, type Tally } from './audit/index.ts';
import type { Auth } from './auth/index.ts';
import type { ChipRegistry } from './chips/index.ts';
import type { ClockWatch } from './clockWatch.ts';
import type { LoopWatch } from './loopWatch.ts';
import { describe } from './describe.ts';
import { removeFollowersOfEnded } from './delivery/followers.ts';
import type { Outbox } from './delivery/outbox.ts';
import type { Endpoint, ServerOptions } from './options.ts';
import type { Clock } from './clock.ts';
import type { SessionService } from './session/service.ts';
import type { SocketServer } from './socket/server.ts';
import type { Database } from './store/database.ts';

/** An assembled coordinator, listening or not. */
export interface CoordinatorServer {
  listen(): Promise<Endpoint>;
  /** Drains: closes sockets with 1012, finishes pending writes, signs the audit log, closes the store. */
  close(ending?: (what: string) => void): Promise<void>;
  /** Empty before `listen`. */
  readonly url: string;
  readonly wsUrl: string;
  /** Makes the first administrator, once; present only while there is no user. */
  readonly setupToken?: string;
  /** The HTTP side, for tests that inject requests. */
  readonly app: FastifyInstance;
}

/** The parts of a server. */
export interface Parts {
  readonly database: Database;
  readonly clock: Clock;
  readonly clockWatch: ClockWatch;
  readonly loopWatch: LoopWatch;
  readonly audit: Audit;
  readonly tally: Tally;
  readonly auth: Auth;
  readonly chips: ChipRegistry;
  readonly outbox: Outbox;
  readonly sessions: SessionService;
  readonly sockets: SocketServer;
  readonly limiter: ConnectionLimiter;
  readonly app: FastifyInstance;
  readonly state: { ready: boolean };
}

const DEFAULT_PORT = 8080;
const PRUNE_MS = 3600_000;

/** A server over its parts. */
export class Server implements CoordinatorServer {
  url = '';
  wsUrl = '';
  readonly setupToken?: string;
  readonly #options: ServerOptions;
  readonly #host: string;
  readonly #parts: Parts;
  #cancelPrune: () => void = () => undefined;
  #closed: Promise<void> | undefined;
  #isStarted = false;

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
    const { app, sockets, limiter, sessions, outbox, database, clock, audit, state } = this.#parts;
    this.#isStarted = true;
    await this.#record('server.start');
    await database.transaction((tx) => outbox.start(tx, clock.now()));
    await sessions.start();
    audit.start();
    this.#parts.clockWatch.start();
    this.#schedulePrune();
    limiter.attach(app.server);
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

  close(ending: (what: string) => void = () => undefined): Promise<void> {
    this.#closed ??= this.#close(ending);
    return this.#closed;
  }

  async #close(ending: (what: string) => void): Promise<void> {
    const { app, sockets, limiter, sessions, outbox, database, audit, tally, state } = this.#parts;
    state.ready = false;
    this.#cancelPrune();
    this.#parts.clockWatch.stop();
    this.#parts.loopWatch.stop();
    sessions.stop();
    ending('the connections');
    await this.#attempt(() => sockets.close(CLOSE.restarting, 'restarting'));
    const closed = app.close();
    limiter.endAll();
    await closed;
    ending('the store');
    await this.#attempt(() => tally.flush());
    await this.#attempt(() => database.transaction((tx) => outbox.storeAcknowledged(tx)));
    if (this.#isStarted) await this.#attempt(() => this.#record(STOPPED));
    await this.#attempt(() => audit.stop());
    await this.#attempt(() => database.close());
  }

  #record(action: string): Promise<void> {
    const { audit, clock } = this.#parts;
    const event = { at: clock.now(), actor: 'system', action, subject: '' } as const;
    return audit.record({ ...event, outcome: 'ok', details: { version: VERSION } });
  }

  /**
   * Stops one part; a part that fails to stop, for example on a full disk, must not keep the others from
   * stopping.
   */
  async #attempt(stop: () => Promise<void>): Promise<void> {
    try {
      await stop();
    } catch (error) {
      this.#parts.app.log.error({ error: describe(error) }, 'not stopped in order');
    }
    // A busy store blocks this thread: in between, whoever limits the time of the stop gets a turn.
    await setImmediate();
  }

  #schedulePrune(): void {
    const { clock, database, outbox, app } = this.#parts;
    this.#cancelPrune = clock.after(PRUNE_MS, () => {
      database
        .transaction(async (tx) => {
          await removeFollowersOfEnded(tx);
          await outbox.prune(tx, clock.now());
        })
        .catch((error: unknown) => app.log.error({ error: describe(error) }, 'failure'));
      this.#schedulePrune();
    });
  }
}
