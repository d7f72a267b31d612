/**
 * The connections to all partners: accepted at `/peer`, or dialled and dialled again. A newer
 * connection of a partner takes the place of an older one.
 */
import { createBackoff, type Logger } from '@quorate/agent';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { Connection, type OwnEnd, type PeerMessage, SOCKET_OPTIONS } from './connection.ts';

/** What the owner of the hub hears. */
export interface HubEvents {
  onConnected(partner: string): void;
  onMessage(partner: string, message: PeerMessage): void;
}

/** Where to dial. */
export interface Dial {
  readonly url: string;
  readonly partner: string;
  /** PEM of the authority that the partner's certificate is checked by. */
  readonly ca?: string | undefined;
}

/** The connections of one server. */
export class PeerHub {
  readonly #own: OwnEnd;
  readonly #events: HubEvents;
  readonly #logger: Logger;
  readonly #server = new WebSocketServer({ noServer: true, ...SOCKET_OPTIONS });
  readonly #connections = new Map<string, Connection>();
  readonly #all = new Set<Connection>();
  readonly #backoff = createBackoff(250, 8000);
  #redial: NodeJS.Timeout | undefined;
  #dial: Dial | undefined;
  /** Why the last attempt to dial failed. */
  #failure: string | undefined;
  #closed = false;

  constructor(own: OwnEnd, events: HubEvents, logger: Logger) {
    this.#own = own;
    this.#events = events;
    this.#logger = logger;
  }

  /** Whether the partner is connected and has proved who it is. */
  isConnected(partner: string): boolean {
    return this.#connections.has(partner);
  }

  /** Sends a message; false when the partner is not connected now. */
  send(partner: string, message: PeerMessage): boolean {
    return this.#connections.get(partner)?.send(message) ?? false;
  }

  /** Takes an upgrade request for `/peer`. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#closed) return void socket.destroy();
    const { remoteAddress } = request.socket;
    this.#server.handleUpgrade(request, socket, head, (accepted) =>
      this.#watch(accepted, undefined, remoteAddress),
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

  #connect(): void {
    const dial = this.#dial;
    if (dial === undefined || this.#closed) return;
    const socket = new WebSocket(dial.url, {
      ...SOCKET_OPTIONS,
      handshakeTimeout: 10_000,
      ...(dial.ca === undefined ? {} : { ca: dial.ca }),
    });
    let opened = false;
    const again = (): void => {
      if (opened || this.#closed) return;
      this.#schedule();
    };
    socket.once('open', () => {
      opened = true;
      this.#failure = undefined;
      this.#watch(socket, dial.partner, dial.url);
    });
    socket.once('error', (error) => {
      this.#failed(dial, error.message);
    });
    socket.once('close', again);
  }

  /** Said once for each reason: dialling goes on, and would say it for ever. */
  #failed({ partner, url }: Dial, error: string): void {
    const again = this.#failure === error;
    this.#failure = error;
    this.#logger[again ? 'debug' : 'warn']({ partner, url, error }, 'dialling failed');
  }

  #schedule(): void {
    clearTimeout(this.#redial);
    this.#redial = setTimeout(() => this.#connect(), this.#backoff.next());
  }

  #watch(socket: WebSocket, dialled: string | undefined, at: string | undefined): void {
    const name = { partner: dialled };
    const connection = new Connection(
      socket,
      this.#own,
      {
        onReady: (ready, partner) => {
          name.partner = partner;
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
