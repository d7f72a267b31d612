import type { AddressInfo } from 'node:net';
import { FEATURES, FEATURES_HEADER } from '@quorate/wire';
import { WebSocket, WebSocketServer } from 'ws';
import { type Frame, textOf } from './relay.ts';

/** Which way a message goes. */
export type Direction = 'to-server' | 'to-agent';

/** Decides what becomes of a message: itself, something else, several, or nothing. */
export type Meddle = (message: Frame, direction: Direction, username: string) => readonly Frame[];

interface Pair {
  readonly agent: WebSocket;
  readonly upstream: WebSocket;
  dead: boolean;
}

/** A network between agents and coordinator that reads everything and does with it what it likes. */
export class Proxy {
  /** Every message that passed, as it came. */
  readonly seen: { direction: Direction; username: string; message: Frame }[] = [];
  /** Every byte that passed, as text. */
  readonly bytes: string[] = [];
  meddle: Meddle = (message) => [message];
  #server: WebSocketServer | undefined;
  readonly #pairs = new Map<string, Pair>();
  readonly #watchers = new Set<() => void>();
  /** The messages that the proxy says the coordinator takes beyond the first version of the protocol. */
  features: string = FEATURES.join(', ');
  url = '';

  async listen(upstream: () => string): Promise<void> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
    this.#server = server;
    // As the coordinator behind it would.
    server.on('headers', (headers) => headers.push(`${FEATURES_HEADER}: ${this.features}`));
    await new Promise<void>((resolve) => server.once('listening', () => resolve()));
    const { port } = server.address() as AddressInfo;
    this.url = `ws://127.0.0.1:${port}/ws`;
    server.on('connection', (agent) => this.#join(agent, new WebSocket(upstream())));
  }

  /** Says something to an agent in the coordinator's name. */
  inject(username: string, message: object): void {
    this.#pairs.get(username)?.agent.send(JSON.stringify(message));
  }

  /** Cuts an agent's connection, both halves at once, as a broken cable does. */
  cut(username: string): void {
    const pair = this.#pairs.get(username);
    if (!pair) return;
    pair.dead = true;
    pair.agent.terminate();
    pair.upstream.terminate();
  }

  /** Waits until a message that fits has passed, and gives it. */
  async until(
    fits: (message: Frame, username: string, direction: Direction) => boolean,
  ): Promise<Frame> {
    for (;;) {
      const found = this.seen.find((one) => fits(one.message, one.username, one.direction));
      if (found) return found.message;
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  of(type: string, username?: string): Frame[] {
    return this.seen
      .filter((one) => one.message.type === type && (username ?? one.username) === one.username)
      .map((one) => one.message);
  }

  close(): void {
    for (const client of this.#server?.clients ?? []) client.terminate();
    this.#server?.close();
  }

  #join(agent: WebSocket, upstream: WebSocket): void {
    let username = '';
    const pair: Pair = { agent, upstream, dead: false };
    const early: string[] = [];
    const carry = (text: string, direction: Direction, to: WebSocket): void => {
      this.bytes.push(text);
      for (const message of [JSON.parse(text)].flat() as Frame[]) {
        if (message.type === 'register') {
          username = String(message['username']);
          this.#pairs.set(username, pair);
        }
        if (pair.dead) return;
        const out = this.meddle(message, direction, username);
        this.seen.push({ direction, username, message });
        for (const one of out) if (to.readyState === WebSocket.OPEN) to.send(JSON.stringify(one));
        for (const wake of this.#watchers) wake();
        this.#watchers.clear();
      }
    };
    agent.on('message', (data) => {
      if (upstream.readyState === WebSocket.OPEN) carry(textOf(data), 'to-server', upstream);
      else early.push(textOf(data));
    });
    upstream.on('open', () => {
      for (const text of early) carry(text, 'to-server', upstream);
    });
    upstream.on('message', (data) => carry(textOf(data), 'to-agent', agent));
    for (const [one, other] of [
      [agent, upstream],
      [upstream, agent],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', (code) => {
        const known = code >= 4000 || code === 1000 || code === 1012;
        if (other.readyState === WebSocket.OPEN) other.close(known ? code : 1000);
        else other.terminate();
      });
    }
  }
}
