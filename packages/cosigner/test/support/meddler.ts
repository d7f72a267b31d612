/** A proxy between two cosigners that reads envelopes, and does to each what a test says. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { PeerEnvelope, type PeerType } from '@quorate/wire';
import { WebSocket, WebSocketServer } from 'ws';
import { textOf } from './links.ts';

/** A frame on its way. */
export interface Passing {
  readonly type: PeerType;
  readonly sessionId: string;
  readonly seq: number;
  readonly towards: 'p1' | 'p2';
}

/** What becomes of a frame; `half` ends the stream towards its receiver, and its sender is told nothing. */
export type Fate = 'pass' | 'drop' | 'duplicate' | 'delay' | 'reorder' | 'cut' | 'half';

/** Every way of meddling. */
export const MEDDLING = ['drop', 'duplicate', 'delay', 'reorder', 'cut'] as const;

/** How long a frame is held back, milliseconds. */
const HELD_MS = 120;

/** The proxy. */
export class Meddler {
  /** Decides on each frame of a session. */
  decide: (passing: Passing) => Fate = () => 'pass';
  /** Where P1 listens; it changes when P1 starts again. */
  upstream: string;
  /** Every frame of the newest connection, by where it went. */
  readonly passed: { p1: string[]; p2: string[] } = { p1: [], p2: [] };
  #sockets: { p1: WebSocket; p2: WebSocket } | undefined;
  readonly #server: WebSocketServer;

  private constructor(server: WebSocketServer, upstream: string) {
    this.#server = server;
    this.upstream = upstream;
    server.on('connection', (socket) => this.#bridge(socket));
  }

  static async start(upstream: string): Promise<Meddler> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, autoPong: false });
    await once(server, 'listening');
    return new Meddler(server, upstream);
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `ws://127.0.0.1:${port}/peer`;
  }

  async close(): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Ends the newest connection, for both. */
  cut(): void {
    this.#sockets?.p1.terminate();
    this.#sockets?.p2.terminate();
  }

  /** Writes a frame to one of the two, as if it came from the other. */
  write(towards: 'p1' | 'p2', text: string): void {
    this.#sockets?.[towards].send(text);
  }

  #bridge(p2: WebSocket): void {
    const p1 = new WebSocket(this.upstream, { autoPong: false });
    this.#sockets = { p1, p2 };
    this.passed.p1 = [];
    this.passed.p2 = [];
    const early: string[] = [];
    const half = new Set<WebSocket>();
    const cut = (): void => {
      p1.terminate();
      p2.terminate();
    };
    const sever = (socket: WebSocket): void => {
      half.add(socket);
      socket.terminate();
    };
    const toP1 = this.#lane('p1', p1, { cut, sever });
    const toP2 = this.#lane('p2', p2, { cut, sever });
    p2.on('message', (data) => {
      if (p1.readyState === WebSocket.OPEN) toP1(textOf(data));
      else if (p1.readyState === WebSocket.CONNECTING) early.push(textOf(data));
    });
    p1.on('open', () => {
      for (const text of early.splice(0)) toP1(text);
    });
    p1.on('message', (data) => toP2(textOf(data)));
    for (const [socket, other] of [
      [p1, p2],
      [p2, p1],
    ] as const) {
      const open = (): boolean => other.readyState === WebSocket.OPEN;
      socket.on('ping', (data) => open() && other.ping(data));
      socket.on('pong', (data) => open() && other.pong(data));
      socket.on('error', cut);
      socket.on('close', () => half.has(socket) || cut());
    }
  }

  #lane(
    towards: 'p1' | 'p2',
    socket: WebSocket,
    ends: { cut: () => void; sever: (socket: WebSocket) => void },
  ): (text: string) => void {
    const held: string[] = [];
    const passed = this.passed[towards];
    const send = (text: string): void => {
      if (socket.readyState !== WebSocket.OPEN) return;
      passed.push(text);
      socket.send(text);
    };
    return (text) => {
      const { type, session_id: sessionId, seq } = PeerEnvelope.parse(JSON.parse(text));
      const fate = sessionId === '' ? 'pass' : this.decide({ type, sessionId, seq, towards });
      if (fate === 'drop') return;
      if (fate === 'cut') return ends.cut();
      if (fate === 'half') return ends.sever(socket);
      if (fate === 'delay') return void setTimeout(() => send(text), HELD_MS);
      if (fate === 'reorder') {
        // Behind the next one, or behind nothing if there is none.
        held.push(text);
        setTimeout(() => held.splice(0).forEach(send), HELD_MS);
        return;
      }
      send(text);
      if (fate === 'duplicate') send(text);
      held.splice(0).forEach(send);
    };
  }
}
