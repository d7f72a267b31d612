import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';

/** A bare server that a test scripts by hand: real sockets, no knowledge of the protocol. */
export interface ScriptedServer {
  readonly url: string;
  /** The frames that came on all connections, parsed. */
  readonly frames: Frame[];
  /** Waits for the next connection after those already taken. */
  connection(): Promise<ScriptedConnection>;
}

export type Frame = Record<string, unknown> & { type: string };

interface ScriptedConnection {
  readonly socket: WebSocket;
  /** Waits for the next message that was not yet taken; arrays are taken apart. */
  next(): Promise<Frame>;
  send(message: object | string): void;
  /** Takes the register and accepts it. */
  accept(fields?: object): Promise<Frame>;
}

/** Starts a server on an ephemeral port of the loopback, with these lines in its answers to upgrades. */
export async function scriptedServer(headers: readonly string[] = []): Promise<ScriptedServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  server.on('headers', (lines) => void lines.push(...headers));
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  await new Promise<void>((resolve) => server.once('listening', () => resolve()));
  const frames: Frame[] = [];
  const connections = queue<ScriptedConnection>();
  server.on('connection', (socket) => connections.put(script(socket, frames)));
  const { port } = server.address() as AddressInfo;
  return { url: `ws://127.0.0.1:${port}/ws`, frames, connection: () => connections.take() };
}

function script(socket: WebSocket, frames: Frame[]): ScriptedConnection {
  const received = queue<Frame>();
  socket.on('message', (data) => {
    for (const frame of [JSON.parse(textOf(data))].flat()) {
      frames.push(frame);
      received.put(frame);
    }
  });
  const connection: ScriptedConnection = {
    socket,
    next: () => received.take(),
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    accept: async (fields = {}) => {
      const register = await received.take();
      connection.send({ type: 'register_complete', success: true, message: '', ...fields });
      return register;
    },
  };
  return connection;
}

function queue<T>(): { put(item: T): void; take(): Promise<T> } {
  const items: T[] = [];
  const takers: ((item: T) => void)[] = [];
  return {
    put: (item) => {
      const taker = takers.shift();
      if (taker) taker(item);
      else items.push(item);
    },
    take: () => {
      const item = items.shift();
      if (item !== undefined) return Promise.resolve(item);
      return new Promise((resolve) => takers.push(resolve));
    },
  };
}

/** The text of a frame. */
export function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString('utf8') : '';
}
