/**
 * What the chip keeps for the store as a whole: one key, from which those of the pool of primes and of
 * the records come. docs/spec/cosigner.md, "Store".
 */
import {
  type Logger,
  readIfPresent,
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
import { attempted, isBeforeCount, isExplained, type Releases } from './releases.ts';
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
    // Of an init that did not come to its end.
    if (!isThereAlready(error)) throw error;
  } finally {
    key.fill(0);
  }
}

function isThereAlready(error: unknown): boolean {
  const cause = error instanceof CosignerError ? error.cause : error;
  return cause instanceof SecureElementError && cause.code === 'record-exists';
}

/** What the store's key opens. */
export interface OpenedStore {
  readonly pool: SealedPool;
  readonly seal: RecordSeal;
}

/**
 * Has the chip release the store's key. A count of the chip that this store's attempts do not explain means
 * that an older store or chip was put back: its primes may be in moduli already, so they are thrown away.
 */
export async function openStoreKey(
  vault: Vault,
  paths: CosignerPaths,
  logger: Logger,
): Promise<OpenedStore> {
  const file = paths.inStore('poolCount');
  const write = (releases: Releases): void => replaceFile(file, `${JSON.stringify(releases)}\n`);
  const before = readReleases(file);
  write(attempted(before));
  const { secret, releaseCount } = await vault.release(STORE_RECORD).catch((error: unknown) => {
    if (isBeforeCount(error)) write(before);
    throw error;
  });
  try {
    const directory = paths.inStore('pool');
    const pool = openPrimePool(directory, keyOf(secret, POOL_LABEL));
    if (!isExplained(before, releaseCount)) {
      for (const name of readdirSync(directory)) removeIfPresent(join(directory, name));
      syncDirectory(directory);
      logger.warn(
        { ...before, releaseCount },
        'an older store or chip was put back: its primes are discarded',
      );
    }
    write({ confirmed: releaseCount, outstanding: 0 });
    return { pool, seal: makeRecordSeal(keyOf(secret, RECORD_LABEL)) };
  } finally {
    secret.fill(0);
  }
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
