/**
 * Keeps pairs of primes ready: the sealed pool, a process that fills it in the background, and the
 * sessions that wait for a pair.
 */
import { type Logger, messageOf } from '@quorate/holder';
import { type ChildProcess, fork } from 'node:child_process';
import type { ModulusBits, PrimePair } from '@quorate/tss';
import { z } from 'zod';
import type { SealedPool } from './store/primePool.ts';

const reply = z.strictObject({ p: z.string(), q: z.string() });

const STOPPING = 'the server is stopping';

interface Waiting {
  readonly count: number;
  readonly resolve: (pairs: PrimePair[]) => void;
  readonly reject: (error: Error) => void;
}

/** The primes of one server. */
export class PrimeStock {
  readonly #pool: SealedPool;
  readonly #bits: ModulusBits;
  readonly #ready: number;
  readonly #logger: Logger;
  readonly #waiting: Waiting[] = [];
  #maker: ChildProcess | undefined;
  #closed = false;

  constructor(pool: SealedPool, bits: ModulusBits, ready: number, logger: Logger) {
    this.#pool = pool;
    this.#bits = bits;
    this.#ready = ready;
    this.#logger = logger;
  }

  /** Pairs in stock. */
  get count(): number {
    return this.#pool.count(this.#bits);
  }

  /** Fills the stock in the background. */
  start(): void {
    this.#fill();
  }

  /** Takes pairs for good: at once if they are in stock, otherwise when they have been made. */
  take(count: number, signal: AbortSignal): Promise<PrimePair[]> {
    return new Promise((resolve, reject) => {
      const waiting = { count, resolve, reject };
      const stop = (): void => {
        const at = this.#waiting.indexOf(waiting);
        if (at >= 0) this.#waiting.splice(at, 1);
        reject(new Error('not needed any more'));
      };
      if (signal.aborted) return stop();
      if (this.#closed) return reject(new Error(STOPPING));
      signal.addEventListener('abort', stop, { once: true });
      this.#waiting.push(waiting);
      this.#serve();
    });
  }

  /** Takes back pairs that nobody has seen anything of. */
  putBack(pairs: readonly PrimePair[]): void {
    this.#surviving(() => {
      for (const pair of pairs) this.#pool.add(this.#bits, pair);
      this.#serve();
    });
  }

  close(): void {
    this.#closed = true;
    this.#maker?.kill('SIGKILL');
    for (const { reject } of this.#waiting.splice(0)) reject(new Error(STOPPING));
  }

  /** A request that cannot be served learns why, and does not block those behind it. */
  #serve(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.count < next.count) break;
      this.#waiting.shift();
      try {
        next.resolve(this.#takeAll(next.count));
      } catch (error) {
        this.#logger.error({ error: messageOf(error) }, 'primes cannot be taken');
        next.reject(error instanceof Error ? error : new Error(messageOf(error)));
      }
    }
    this.#fill();
  }

  #takeAll(count: number): PrimePair[] {
    const pairs: PrimePair[] = [];
    try {
      while (pairs.length < count) {
        const pair = this.#pool.take(this.#bits);
        if (pair === null) throw new Error('unreachable: the pool has one owner');
        pairs.push(pair);
      }
      return pairs;
    } catch (error) {
      // Nobody has seen these.
      for (const pair of pairs) this.#pool.add(this.#bits, pair);
      throw error;
    }
  }

  #wanted(): number {
    const asked = this.#waiting.reduce((sum, { count }) => sum + count, 0);
    return Math.max(this.#ready, asked) - this.count;
  }

  /** Makes one pair after another, in a process of its own that yields to everything else. */
  #fill(): void {
    if (this.#closed || this.#maker !== undefined || this.#wanted() <= 0) return;
    const maker = fork(new URL('../dist/primeProcess.js', import.meta.url), [String(this.#bits)], {
      env: {},
      execArgv: [],
      serialization: 'json',
    });
    this.#maker = maker;
    maker.on('message', (message) => this.#surviving(() => this.#made(maker, message)));
    maker.on('error', (error) => this.#fail('no primes', error.message));
    maker.on('exit', (code) => {
      this.#maker = undefined;
      if (code === null) return this.#surviving(() => this.#fill());
      if (!this.#closed) this.#fail('the process that makes primes ended', `exit code ${code}`);
    });
  }

  #made(maker: ChildProcess, message: unknown): void {
    const { p, q } = reply.parse(message);
    if (this.#closed) return;
    this.#keep([BigInt(`0x${p}`), BigInt(`0x${q}`)]);
    if (this.#wanted() > 0) maker.send('more');
    else maker.kill('SIGKILL');
  }

  /** Neither words of the other process nor refusals of the disk end the server. */
  #surviving(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail('no primes', messageOf(error));
    }
  }

  #keep(pair: PrimePair): void {
    try {
      this.#pool.add(this.#bits, pair);
    } catch (error) {
      return this.#fail('primes cannot be stored', messageOf(error));
    }
    this.#logger.debug({ ready: this.count }, 'a pair of primes is ready');
    this.#serve();
  }

  /** Ends the waiting for primes that will not come. */
  #fail(what: string, error: string): void {
    this.#logger.error({ error }, what);
    for (const { reject } of this.#waiting.splice(0)) reject(new Error(`${what}: ${error}`));
  }
}
