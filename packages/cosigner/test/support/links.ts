/** Ends of real connections in this process, whose frames a test can read, keep and write itself. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { PeerEnvelope } from '@quorate/wire';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { x25519Raw } from '../../src/keys.ts';
import type { PublicIdentity } from '../../src/partner.ts';
import {
  Connection,
  type OwnEnd,
  type PeerMessage,
  SOCKET_OPTIONS,
} from '../../src/peer/connection.ts';

/** One end of a connection, and everything that it saw. */
export interface LinkEnd {
  readonly connection: Connection;
  readonly socket: WebSocket;
  /** Writes a text as a binary frame. */
  readonly writeBinary: (text: string) => void;
  /** Frames that it wrote, hellos included. */
  readonly wrote: string[];
  /** Partners that proved who they are. */
  readonly ready: string[];
  /** Messages of sessions. */
  readonly messages: PeerMessage[];
  /** And what concerns the connection as a whole, the proof of who speaks included. */
  readonly everything: PeerMessage[];
  readonly refused: string[];
  /** The code that the connection was closed with. */
  readonly closed: Promise<number>;
}

/** Takes one end of a socket. */
function linkEnd(socket: WebSocket, own: OwnEnd, partner: string | undefined): LinkEnd {
  const seen = {
    wrote: [] as string[],
    ready: [] as string[],
    messages: [] as PeerMessage[],
    everything: [] as PeerMessage[],
    refused: [] as string[],
  };
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  const write = socket.send.bind(socket);
  socket.send = (data: unknown) => {
    seen.wrote.push(String(data));
    write(String(data));
  };
  const connection = new Connection(
    socket,
    own,
    {
      onReady: (_, name) => seen.ready.push(name),
      onMessage: (_, message) => {
        seen.everything.push(message);
        if (message.sessionId !== '') seen.messages.push(message);
      },
      onRefused: (_, reason) => seen.refused.push(reason),
      onClosed: () => undefined,
    },
    partner,
  );
  const writeBinary = (text: string): void => write(Buffer.from(text));
  return { connection, socket, closed, writeBinary, ...seen };
}

/** Somebody with a name and an X25519 key. */
export interface Somebody {
  readonly name: string;
  readonly key: KeyObject;
}

/** Makes somebody. */
export function somebody(name: string): Somebody {
  return { name, key: generateKeyPairSync('x25519').privateKey };
}

/** How one pins the others. */
export function ownEnd({ name, key }: Somebody, pinned: readonly Somebody[]): OwnEnd {
  return {
    name,
    agreement: key,
    handshakeMs: 10_000,
    now: () => 1,
    partner: (other): PublicIdentity | undefined => {
      const found = pinned.find((one) => one.name === other);
      if (found === undefined) return undefined;
      const identity = new Uint8Array(65);
      return { name: other, role: 'enterprise', identity, agreement: x25519Raw(found.key) };
    },
  };
}

/** A server on loopback whose ends belong to one side. */
export class Listener {
  readonly ends: LinkEnd[] = [];
  readonly #server: WebSocketServer;

  private constructor(server: WebSocketServer, own: OwnEnd) {
    this.#server = server;
    server.on('connection', (socket) => this.ends.push(linkEnd(socket, own, undefined)));
  }

  static async start(own: OwnEnd): Promise<Listener> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...SOCKET_OPTIONS });
    await once(server, 'listening');
    return new Listener(server, own);
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `ws://127.0.0.1:${port}/peer`;
  }

  /** The end that the newest connection has here. */
  get last(): LinkEnd {
    const end = this.ends.at(-1);
    if (end === undefined) throw new Error('nobody has dialled');
    return end;
  }

  async close(): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** An open socket that nobody reads. */
export async function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  return socket;
}

/** Dials as somebody. */
export async function dial(url: string, own: OwnEnd, partner: string): Promise<LinkEnd> {
  return linkEnd(await openSocket(url), own, partner);
}

/** A frame as it was written. */
export function envelopeOf(text: string | undefined): PeerEnvelope {
  return PeerEnvelope.parse(JSON.parse(text ?? ''));
}

/** The text of a frame. */
export function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString('utf8') : '';
}
