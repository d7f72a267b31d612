/**
 * The connections to all partners: accepted at `/peer`, or dialled and redialled. A partner's newer connection
 * replaces its older one.
 */
import { createBackoff, type Logger, messageOf } from '@quorate/holder';
import { PEER_LIMITS } from '@quorate/wire';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import type { Doors } from '../doors.ts';
import { limitBytes } from './byteLimit.ts';
import { Connection, type OwnEnd, type PeerMessage, SOCKET_OPTIONS } from './connection.ts';
import { refuseSocket } from '../rest/answers.ts';

/** The events of the hub for its owner. */
export interface HubEvents {
  onConnected(partner: string): void;
  onMessage(partner: string, message: PeerMessage): void;
}

/** The target to dial. */
export interface Dial {
  readonly url: string;
  readonly partner: string;
  /** PEM of the authority that signs the partner's certificate. */
  readonly ca?: string | undefined;
}

/** The options of a hub. */
export interface HubContext {
  readonly logger: Logger;
  readonly doors: Doors;
}

/** A socket opened by either side. */
interface Opened {
  /** The name that we dialled; an end that dials us gives its own name. */
  readonly dialled: string | undefined;
  /** The address that dialled us, or the one that we dialled. */
  readonly at: string | undefined;
  /** Its bytes count against the limit until this is called. */
  readonly stopCounting: () => void;
  /** Called once the other end has proved who it is. */
  readonly onProved: () => void;
}

/** The connections of one server. */
export class PeerHub {
  readonly #own: OwnEnd;
  readonly #events: HubEvents;
  readonly #logger: Logger;
  readonly #doors: Doors;
  readonly #server = new WebSocketServer({ noServer: true, ...SOCKET_OPTIONS });
  readonly #connections = new Map<string, Connection>();
  readonly #all = new Set<Connection>();
  readonly #backoff = createBackoff(250, 8000);
  #redial: NodeJS.Timeout | undefined;
  #dial: Dial | undefined;
  /** Why the last attempt to dial failed. */
  #failure: string | undefined;
  #closed = false;

  constructor(own: OwnEnd, events: HubEvents, { logger, doors }: HubContext) {
    this.#own = own;
    this.#events = events;
    this.#logger = logger;
    this.#doors = doors;
    this.#server.on('wsClientError', (error, socket) => {
      refuseSocket(socket, 'invalid_request', error.message);
    });
  }

  /** Whether the partner is connected and has proved who it is. */
  isConnected(partner: string): boolean {
    return this.#connections.has(partner);
  }

  /** Sends a message; false if the partner is not connected now. */
  send(partner: string, message: PeerMessage): boolean {
    return this.#connections.get(partner)?.send(message) ?? false;
  }

  /** Takes an upgrade request for `/peer`. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { remoteAddress: at } = request.socket;
    if (this.#closed) return refuseSocket(socket, 'stopping', 'the server is stopping');
    const giveBack = this.#doors.takeUnproven(at);
    if (giveBack === undefined) {
      return refuseSocket(
        socket,
        'too_many_connections',
        'of ends that have not proved who they are',
      );
    }
    socket.once('close', giveBack);
    this.#server.handleUpgrade(request, socket, head, (accepted) =>
      this.#watch(accepted, {
        dialled: undefined,
        at,
        stopCounting: this.#count(socket, at),
        onProved: () => {
          giveBack();
          this.#doors.know(at);
        },
      }),
    );
  }

  /** Dials a partner now, and again whenever the connection is lost. */
  dial(dial: Dial): void {
    this.#dial = dial;
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#redial);
    for (const connection of this.#all) connection.close(1001);
    this.#server.close();
  }

  /** An attempt to dial must never end the process, whatever is wrong with it: a timer makes it, too. */
  #connect(): void {
    const dial = this.#dial;
    if (dial === undefined || this.#closed) return;
    try {
      this.#open(dial);
    } catch (error) {
      this.#failed(dial, messageOf(error));
      this.#schedule();
    }
  }

  #open({ url, partner, ca }: Dial): void {
    const socket = new WebSocket(url, {
      ...SOCKET_OPTIONS,
      handshakeTimeout: this.#own.handshakeMs,
      ...(ca === undefined ? {} : { ca }),
    });
    let opened = false;
    let stopCounting = (): void => undefined;
    socket.once('upgrade', (response) => {
      stopCounting = this.#count(response.socket, url);
    });
    socket.once('open', () => {
      opened = true;
      this.#failure = undefined;
      this.#watch(socket, { dialled: partner, at: url, stopCounting, onProved: () => undefined });
    });
    socket.once('error', (error) => this.#failed({ url, partner }, messageOf(error)));
    socket.once('close', () => {
      if (!opened && !this.#closed) this.#schedule();
    });
  }

  /** Ends a connection that sends too much before it has proved who it is. */
  #count(socket: Duplex, at: string | undefined): () => void {
    return limitBytes(socket, PEER_LIMITS.unproven, () => {
      this.#logger.warn({ at, reason: 'too many bytes' }, 'connection refused');
    });
  }

  /** Logs each reason once, because dialling goes on for ever. */
  #failed({ partner, url }: Dial, error: string): void {
    const again = this.#failure === error;
    this.#failure = error;
    this.#logger[again ? 'debug' : 'warn']({ partner, url, error }, 'dialling failed');
  }

  #schedule(): void {
    clearTimeout(this.#redial);
    this.#redial = setTimeout(() => this.#connect(), this.#backoff.next());
  }

  #watch(socket: WebSocket, { dialled, at, stopCounting, onProved }: Opened): void {
    const name = { partner: dialled };
    const connection = new Connection(
      socket,
      this.#own,
      {
        onReady: (ready, partner) => {
          name.partner = partner;
          stopCounting();
          onProved();
          const older = this.#connections.get(partner);
          this.#connections.set(partner, ready);
          older?.close(4409);
          this.#backoff.reset();
          this.#logger.info({ partner }, 'partner connected');
          this.#events.onConnected(partner);
        },
        onMessage: (_, message) => {
          if (name.partner !== undefined) this.#events.onMessage(name.partner, message);
        },
        onRefused: (_, reason, partner) => {
          this.#logger.warn({ partner, at, reason }, 'connection refused');
        },
        onClosed: (closed) => {
          this.#all.delete(closed);
          const { partner } = name;
          if (partner !== undefined && this.#connections.get(partner) === closed) {
            this.#connections.delete(partner);
            this.#logger.info({ partner }, 'partner disconnected');
          }
          if (dialled !== undefined && !this.#closed) this.#schedule();
        },
      },
      dialled,
    );
    this.#all.add(connection);
  }
}
