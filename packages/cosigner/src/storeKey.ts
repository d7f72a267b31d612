/**
 * The one key that the chip keeps for the whole store; the keys of the pool of primes and of the records come
 * from it. docs/spec/cosigner.md, "Store".
 */
import {
  countedRelease,
  type Logger,
  makePrivateDirectory,
  readIfPresent,
  type Releases,
  removeIfPresent,
  replaceFile,
  syncDirectory,
} from '@quorate/holder';
import { createHmac, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { framed, hashFramed } from '@quorate/intent';
import { SecureElementError } from '@quorate/secure-element';
import { z } from 'zod';
import { CosignerError, SetupError } from './errors.ts';
import type { CosignerPaths } from './files.ts';
import { RELEASE_POLICY } from './releases.ts';
import { openPrimePool, type SealedPool } from './store/primePool.ts';
import { makeRecordSeal, type RecordSeal } from './store/recordSeal.ts';
import { parsedJson } from './json.ts';
import type { RecordName, Vault } from './vault.ts';

const POOL_LABEL = 'quorate/v1/cosigner/pool-key';
const RECORD_LABEL = 'quorate/v1/cosigner/record-key';

/** The name of the store's record on the chip. */
const STORE_RECORD: RecordName = {
  recordId: hashFramed('quorate/v1/cosigner/primes/record'),
  address: new Uint8Array(20),
};

/** Makes the store's key, on a new chip. */
export async function createStoreKey(vault: Vault): Promise<void> {
  const key = randomBytes(32);
  try {
    await vault.keep(STORE_RECORD, key);
  } catch (error) {
    // Left by an unfinished init.
    if (!isThereAlready(error)) throw error;
  } finally {
    key.fill(0);
  }
}

function isThereAlready(error: unknown): boolean {
  const cause = error instanceof CosignerError ? error.cause : error;
  return cause instanceof SecureElementError && cause.code === 'record-exists';
}

/** The parts that the store's key opens. */
export interface OpenedStore {
  readonly pool: SealedPool;
  readonly seal: RecordSeal;
}

/**
 * Lets the chip release the store's key. A count that this store's attempts do not explain means that an older
 * store or chip was restored: its primes may be in moduli already, so they are discarded.
 */
export async function openStoreKey(
  vault: Vault,
  paths: CosignerPaths,
  logger: Logger,
): Promise<OpenedStore> {
  const file = paths.inStore('poolCount');
  const before = readReleases(file);
  const directory = paths.inStore('pool');
  const write = (releases: Releases): void => replaceFile(file, `${JSON.stringify(releases)}\n`);
  const release = await countedRelease({
    policy: RELEASE_POLICY,
    counter: { read: () => before, write, confirm: write },
    ask: () => vault.release(STORE_RECORD),
    // Before the count is confirmed: after a crash in between, the next start discards the primes.
    onUnexplained: ({ actual }) => {
      discardPrimes(directory);
      logger.warn(
        { ...before, releaseCount: actual },
        'an older store or chip was put back: its primes are discarded',
      );
      return 'give';
    },
  });
  if (release.outcome !== 'released') {
    throw new Error('unreachable: the key of the store is given whatever the chip counts');
  }
  try {
    const pool = openPrimePool(directory, keyOf(release.secret, POOL_LABEL));
    return { pool, seal: makeRecordSeal(keyOf(release.secret, RECORD_LABEL)) };
  } finally {
    release.secret.fill(0);
  }
}

function discardPrimes(directory: string): void {
  makePrivateDirectory(directory);
  for (const name of readdirSync(directory)) removeIfPresent(join(directory, name));
  syncDirectory(directory);
}

function keyOf(secret: Uint8Array, label: string): Uint8Array {
  return createHmac('sha256', secret).update(framed(label)).digest();
}

const count = z.int().nonnegative();
const releasesSchema: z.ZodType<Releases> = z.strictObject({
  confirmed: count,
  outstanding: count,
});

function readReleases(file: string): Releases {
  const content = readIfPresent(file)?.toString('utf8');
  if (content === undefined) return { confirmed: 0, outstanding: 0 };
  const parsed = releasesSchema.safeParse(parsedJson(content));
  if (parsed.success) return parsed.data;
  throw new SetupError('store/tampered', `${file} is not a count of releases`);
}
