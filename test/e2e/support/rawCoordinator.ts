// A coordinator that knows only what the seed document says: one WebSocket, JSON, no code of ours.
import { once } from 'node:events';
import { WebSocket } from 'ws';

/** A message as JSON gives it. */
export type Json = Record<string, unknown>;

/** Fields that a registration may carry beyond the seed's. */
export type Extras = Readonly<Record<string, unknown>>;

/** One connection; what arrives is kept until it is asked for. */
export class RawClient {
  readonly received: Json[] = [];
  closeCode: number | undefined;
  readonly #socket: WebSocket;
  readonly #waiters = new Set<() => void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      this.received.push(JSON.parse(data.toString('utf8')) as Json);
      this.#wake();
    });
    socket.on('close', (code) => {
      this.closeCode = code;
      this.#wake();
    });
    socket.on('error', () => undefined);
  }

  static async connect(url: string): Promise<RawClient> {
    const socket = new WebSocket(url);
    const client = new RawClient(socket);
    await once(socket, 'open');
    return client;
  }

  /** Connects and registers. */
  static async register(
    url: string,
    user: { readonly username: string; readonly role: string; readonly token: string },
    extras: Extras = {},
  ): Promise<RawClient> {
    const client = await RawClient.connect(url);
    const { username, role, token } = user;
    client.send({ type: 'register', username, role, token, ...extras });
    const answer = await client.next((message) => message['type'] === 'register_complete');
    if (answer['success'] !== true) throw new Error(`not registered: ${JSON.stringify(answer)}`);
    return client;
  }

  send(message: Json): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** The first message, received or to come, that fits; it is taken out. */
  async next(fits: (message: Json) => boolean): Promise<Json> {
    for (;;) {
      const at = this.received.findIndex(fits);
      const [found] = at < 0 ? [] : this.received.splice(at, 1);
      if (found !== undefined) return found;
      if (this.closeCode !== undefined) throw new Error(`closed with ${this.closeCode}`);
      await new Promise<void>((resolve) => this.#waiters.add(resolve));
    }
  }

  /** The completion of a session; any error of that session on the way is thrown. */
  async complete(sessionKey: string, type: string): Promise<Json> {
    const message = await this.next(
      (seen) =>
        seen['session_key'] === sessionKey && (seen['type'] === type || seen['type'] === 'error'),
    );
    if (message['type'] === 'error') throw new Error(JSON.stringify(message));
    return message;
  }

  /** Settles when the other side has closed. */
  async closed(): Promise<number> {
    while (this.closeCode === undefined) {
      await new Promise<void>((resolve) => this.#waiters.add(resolve));
    }
    return this.closeCode;
  }

  close(): void {
    this.#socket.terminate();
  }

  #wake(): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const wake of waiters) wake();
  }
}
