import { WebSocket } from 'ws';

/** A message as it came, without any code of ours in between. */
export type Received = Record<string, unknown> & { readonly type: string };

/** A raw WebSocket client: sends what it is given, keeps what it gets. */
export class TestSocket {
  readonly received: Received[] = [];
  readonly frames: string[] = [];
  readonly closed: Promise<number>;
  readonly socket: WebSocket;
  readonly #taken = new Set<Received>();
  #wake: () => void = () => undefined;
  #code: number | undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on('close', (code) => {
        this.#code = code;
        resolve(code);
        this.#wake();
      });
    });
    socket.on('error', () => undefined);
    socket.on('message', (data) => {
      const text = (data as Buffer).toString('utf8');
      this.frames.push(text);
      const value: unknown = JSON.parse(text);
      this.received.push(...((Array.isArray(value) ? value : [value]) as Received[]));
      this.#wake();
    });
  }

  static async open(url: string, headers: Record<string, string> = {}): Promise<TestSocket> {
    const socket = new WebSocket(url, { headers, perMessageDeflate: false });
    const made = new TestSocket(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return made;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The next message of a type that was not taken before; fails when the socket closes instead. */
  async next(
    type: string,
    matches: (message: Received) => boolean = () => true,
  ): Promise<Received> {
    for (;;) {
      const found = this.received.find(
        (message) => message.type === type && !this.#taken.has(message) && matches(message),
      );
      if (found !== undefined) {
        this.#taken.add(found);
        return found;
      }
      if (this.#code !== undefined) {
        const types = this.received.map((message) => message.type).join(', ');
        throw new Error(`closed with ${this.#code} before ${type}; got: ${types}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Waits until everything that was sent before has been answered: an unknown type always gets an error. */
  async settled(): Promise<void> {
    const marker = `marker-${Math.random()}`;
    this.send({
      type: 'keygen_result',
      session_key: marker,
      part_index: 1,
      success: false,
      message: 'x',
    });
    await this.next('error', (message) => message['session_key'] === marker);
  }

  count(type: string): number {
    return this.received.filter((message) => message.type === type).length;
  }

  async close(): Promise<void> {
    this.socket.close(1000);
    await this.closed;
  }
}
