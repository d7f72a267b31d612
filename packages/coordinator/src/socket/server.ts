/** WebSocket connections on the HTTP server of the coordinator (docs/spec/wire.md §1, §2). */
import {
  type ConnectionLimiter,
  FEATURES,
  FEATURES_HEADER,
  LIMITS,
  TIME_HEADER,
} from '@quorate/wire';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { type AnswerOptions, refuseSocket } from '../http/answers.ts';
import type { ClientAddresses } from '../limits/addresses.ts';
import { ApiError } from '../rest/errors.ts';
import { Connection } from './connection.ts';
import type { ConnectionLogger } from './connectionOptions.ts';
import type { ConnectionService } from './connectionService.ts';
import type { MessageRates } from './pressure.ts';
import type { Transport } from './frameWriter.ts';

/** Options of the socket server. */
export interface SocketServerOptions {
  readonly service: ConnectionService;
  readonly logger: ConnectionLogger;
  /** Origins of web pages that may connect, besides the server's own. */
  readonly origins: readonly string[];
  /** Counts all connections of the HTTP server. */
  readonly limiter: ConnectionLimiter;
  readonly addresses: ClientAddresses;
  /** Milliseconds within which a connection has to register. */
  readonly registerTimeout: number;
  readonly rates: MessageRates;
  /** The form of refusals. */
  readonly answers: AnswerOptions;
}

const PATH = '/ws';
/** A slightly too large frame still gets an error as answer; a larger one closes the socket. */
const MAX_PAYLOAD = 2 * LIMITS.frame;
/** In ws since 8.21 but missing from its types: tiny fragments must not take unbounded memory. */
const FRAGMENTS = { maxFragments: 1024, maxBufferedChunks: 8192 };
const PING_MS = 25_000;
const CLOSE_GRACE_MS = 2_000;
/** When an address with too many connections may retry, milliseconds. */
const TRY_AGAIN_MS = 10_000;
const VERSIONS = { 'sec-websocket-version': '13, 8' };

/** The WebSocket side of the server. */
export class SocketServer {
  readonly #options: SocketServerOptions;
  readonly #server: WebSocketServer;
  readonly #connections = new Map<WebSocket, Connection>();
  readonly #alive = new WeakSet<WebSocket>();
  #ping: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(options: SocketServerOptions) {
    this.#options = options;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: MAX_PAYLOAD,
      perMessageDeflate: false,
      ...FRAGMENTS,
      skipUTF8Validation: false,
    });
    this.#server.on('wsClientError', (error, socket) => {
      const refusal = new ApiError('invalid_request', error.message);
      refuseSocket(socket, refusal, options.answers, VERSIONS);
    });
    this.#server.on('headers', (headers) => {
      headers.push(`${FEATURES_HEADER}: ${FEATURES.join(', ')}`);
      headers.push(`${TIME_HEADER}: ${options.service.options.clock.now()}`);
    });
  }

  /** Serves upgrades of an HTTP server. */
  attach(server: Server): void {
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    // Real time instead of the sessions' clock: this concerns the network under the socket.
    this.#ping = setInterval(() => {
      for (const socket of this.#connections.keys()) this.#checkAlive(socket);
    }, PING_MS).unref();
  }

  /** Closes every connection with a code and waits until all are closed. */
  async close(code: number, reason: string): Promise<void> {
    this.#closing = true;
    clearInterval(this.#ping);
    const gone = [...this.#connections].map(([socket, connection]) => {
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      connection.close(code, reason);
      return closed;
    });
    await Promise.all(gone);
  }

  get size(): number {
    return this.#connections.size;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    try {
      const remote = this.#options.addresses.of(request);
      const refusal = this.#refusal(request, remote);
      if (refusal !== undefined) return refuseSocket(socket, refusal, this.#options.answers);
      this.#server.handleUpgrade(request, socket, head, (webSocket) => {
        this.#accept(webSocket, request, remote);
      });
    } catch (error) {
      // Nothing catches errors of an event handler: an error here must cost only this socket.
      this.#options.logger.error({ error: String(error) }, 'upgrade failed');
      socket.destroy();
    }
  }

  #refusal(request: IncomingMessage, remote: string): ApiError | undefined {
    const { origins, limiter } = this.#options;
    if (this.#closing) return new ApiError('restarting', '');
    if (request.url?.split('?')[0] !== PATH) return new ApiError('not_found', 'no such route');
    if (!originAllowed(request, origins)) {
      return new ApiError('forbidden', 'pages of this origin may not connect');
    }
    if (limiter.countAs(request.socket, remote)) return undefined;
    return new ApiError('rate_limited', 'too many connections from this address', TRY_AGAIN_MS);
  }

  #accept(socket: WebSocket, request: IncomingMessage, remote: string): void {
    const { service, logger, limiter, registerTimeout, rates } = this.#options;
    const connection = new Connection({
      service,
      logger,
      remote,
      transport: transportOf(socket),
      registerTimeout,
      rates,
      onRegistered: () => limiter.identified(request.socket),
    });
    this.#connections.set(socket, connection);
    this.#alive.add(socket);
    socket.on('message', (data, isBinary) => {
      connection.receive(isBinary ? new Uint8Array() : textOf(data));
    });
    socket.on('pong', () => this.#alive.add(socket));
    // Without a handler an error of one socket would end the process; `close` follows it.
    socket.on('error', (error) => logger.debug({ error: error.message, remote }, 'socket error'));
    socket.on('close', () => {
      this.#connections.delete(socket);
      connection.closed();
    });
  }

  #checkAlive(socket: WebSocket): void {
    if (!this.#alive.has(socket)) return socket.terminate();
    this.#alive.delete(socket);
    if (socket.readyState === WebSocket.OPEN) socket.ping();
  }
}

function textOf(data: Buffer | ArrayBuffer | Buffer[]): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8');
}

/** Programs send no Origin; a web page may connect only from the server itself or a configured origin. */
function originAllowed(request: IncomingMessage, origins: readonly string[]): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined || origins.includes(origin)) return true;
  try {
    return new URL(origin).host === host;
  } catch {
    return false;
  }
}

function transportOf(socket: WebSocket): Transport {
  return {
    get buffered() {
      return socket.bufferedAmount;
    },
    send: (text, written) => socket.send(text, () => written()),
    close: (code, reason) => {
      socket.resume();
      socket.close(code, reason);
      // Cuts off a peer that does not answer the close.
      setTimeout(() => socket.terminate(), CLOSE_GRACE_MS).unref();
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
}
