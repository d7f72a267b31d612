/**
 * Keeps pairs of primes ready: the sealed pool, a process that fills it in the background, and the
 * sessions that wait for a pair.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Logger,
  readIfPresent,
  removeIfPresent,
  replaceFile,
  syncDirectory,
} from '@quorate/agent';
import { hashFramed } from '@quorate/intent';
import type { ModulusBits, PrimePair } from '@quorate/tss';
import { z } from 'zod';
import { SetupError } from './errors.ts';
import type { CosignerPaths } from './files.ts';
import {
  attempted,
  formerReleases,
  isBeforeCount,
  isExplained,
  NO_RELEASES,
  type Releases,
} from './releases.ts';
import { openPrimePool, type SealedPool } from './store/primePool.ts';
import { parsedJson } from './store/version.ts';
import type { RecordName, Vault } from './vault.ts';

/** The name of the record that opens the pool. */
const POOL_RECORD: RecordName = {
  recordId: hashFramed('quorate/v1/cosigner/primes/record'),
  address: new Uint8Array(20),
};

/** Makes the record that opens the pool, on a new chip. */
export async function createPoolKey(vault: Vault): Promise<void> {
  const key = randomBytes(32);
  await vault.keep(POOL_RECORD, key);
  key.fill(0);
}

/**
 * Opens the sealed pool. A count of the chip that this store's attempts do not explain means that an
 * older store or chip was put back: its primes may be in moduli already, so they are thrown away.
 */
export async function openSealedPool(
  vault: Vault,
  paths: CosignerPaths,
  logger: Logger,
): Promise<SealedPool> {
  const file = paths.inStore('poolCount');
  const write = (releases: Releases): void => replaceFile(file, `${JSON.stringify(releases)}\n`);
  const before = readReleases(file);
  write(attempted(before));
  const { secret, releaseCount } = await vault.release(POOL_RECORD).catch((error: unknown) => {
    if (isBeforeCount(error)) write(before);
    throw error;
  });
  const directory = paths.inStore('pool');
  if (!isExplained(before, releaseCount)) {
    for (const name of readdirSync(directory)) removeIfPresent(join(directory, name));
    syncDirectory(directory);
    logger.warn(
      { ...before, releaseCount },
      'an older store or chip was put back: its primes are discarded',
    );
  }
  write({ confirmed: releaseCount, outstanding: 0 });
  return openPrimePool(directory, secret);
}

const count = z.int().nonnegative();
const releasesSchema: z.ZodType<Releases> = z.union([
  z.strictObject({ confirmed: count, outstanding: count }),
  count.transform(formerReleases),
]);

function readReleases(file: string): Releases {
  const content = readIfPresent(file)?.toString('utf8');
  if (content === undefined) return NO_RELEASES;
  const parsed = releasesSchema.safeParse(parsedJson(content));
  if (parsed.success) return parsed.data;
  throw new SetupError('store/tampered', `${file} is not a count of releases`);
}

const reply = z.strictObject({ p: z.string(), q: z.string() });

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

  /** Takes pairs for good, at once when they are there and else when they have been made. */
  take(count: number, signal: AbortSignal): Promise<PrimePair[]> {
    return new Promise((resolve, reject) => {
      const waiting = { count, resolve, reject };
      const stop = (): void => {
        const at = this.#waiting.indexOf(waiting);
        if (at >= 0) this.#waiting.splice(at, 1);
        reject(new Error('not needed any more'));
      };
      if (signal.aborted) return stop();
      signal.addEventListener('abort', stop, { once: true });
      this.#waiting.push(waiting);
      this.#serve();
    });
  }

  close(): void {
    this.#closed = true;
    this.#maker?.kill('SIGKILL');
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('the server is stopping'));
  }

  #serve(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.count < next.count) break;
      this.#waiting.shift();
      const pairs: PrimePair[] = [];
      while (pairs.length < next.count) {
        const pair = this.#pool.take(this.#bits);
        if (pair === null) throw new Error('unreachable: the pool has one owner');
        pairs.push(pair);
      }
      next.resolve(pairs);
    }
    this.#fill();
  }

  #wanted(): number {
    const asked = this.#waiting.reduce((sum, { count }) => sum + count, 0);
    return Math.max(this.#ready, asked) - this.count;
  }

  /** One pair after another, in a process of its own that gives way to everything else. */
  #fill(): void {
    if (this.#closed || this.#maker !== undefined || this.#wanted() <= 0) return;
    const maker = fork(new URL('../dist/primeProcess.js', import.meta.url), [String(this.#bits)], {
      env: {},
      execArgv: [],
      serialization: 'json',
    });
    this.#maker = maker;
    maker.on('message', (message) => {
      const { p, q } = reply.parse(message);
      if (this.#closed) return;
      this.#pool.add(this.#bits, [BigInt(`0x${p}`), BigInt(`0x${q}`)]);
      this.#logger.debug({ ready: this.count }, 'a pair of primes is ready');
      this.#serve();
      if (this.#wanted() > 0) maker.send('more');
      else maker.kill('SIGKILL');
    });
    maker.on('error', (error) => this.#logger.error({ error: error.message }, 'no primes'));
    maker.on('exit', (code) => {
      this.#maker = undefined;
      if (code === null) this.#fill();
      else if (!this.#closed) this.#logger.error({ code }, 'the process that makes primes ended');
    });
  }
}
