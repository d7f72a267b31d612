import { type Releases, silentLogger } from '@quorate/holder';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SecureElementError } from '@quorate/secure-element';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { CosignerError } from '../src/errors.ts';
import type { CosignerPaths } from '../src/files.ts';
import { Keyring } from '../src/keyring.ts';
import { NO_RELEASES } from '../src/releases.ts';
import type { KeyRecord } from '../src/store/keyRecords.ts';
import { createStoreKey, openStoreKey } from '../src/storeKey.ts';
import type { Vault } from '../src/vault.ts';
import type { Threads, ThreadPort } from '../src/worker/threads.ts';
import { KEY, openRecords, recordOf } from './support/records.ts';

const port = { hold: () => undefined } as unknown as ThreadPort;

/** Opens the key once with a chip that answers as told; tells what is on disk then. */
async function open(
  releases: Releases,
  chip: number | Error,
): Promise<{
  record: KeyRecord | undefined;
  error: unknown;
  rolledBack: string[];
  seen: unknown;
  secret: Uint8Array;
}> {
  const secret = new Uint8Array(32).fill(7);
  const directory = temporaryDirectory();
  const keys = openRecords(directory);
  keys.add(recordOf(1, { releases: { ...NO_RELEASES, ...releases } }));
  let seen: unknown;
  const vault = {
    release: () => {
      seen = openRecords(directory).find(KEY)?.releases;
      return chip instanceof Error
        ? Promise.reject(chip)
        : Promise.resolve({ secret, releaseCount: chip });
    },
  } as unknown as Vault;
  const keyring = new Keyring(keys, vault, 1, silentLogger);
  const rolledBack: string[] = [];
  keyring.attach({ wipe: () => undefined } as unknown as Threads, (key) => rolledBack.push(key));
  const error: unknown = await keyring.hold(KEY, port, 'sign').then(
    () => undefined,
    (failure: unknown) => failure,
  );
  return { record: openRecords(directory).find(KEY), error, rolledBack, seen, secret };
}

const refusal = (statusWord?: number): CosignerError =>
  new CosignerError(
    'chip_refused',
    'refused',
    new SecureElementError('invalid-data', '', statusWord === undefined ? {} : { statusWord }),
  );

describe('the count of releases', () => {
  test('E-1: an attempt is on disk before the chip is asked', async () => {
    const { seen } = await open({ confirmed: 4, outstanding: 1 }, 5);
    expect(seen).toMatchObject({ confirmed: 4, outstanding: 2 });
  });

  test.each([5, 6, 7])(
    'E-1: a chip at %i is explained by two attempts of unknown outcome',
    async (actual) => {
      const { record, error } = await open({ confirmed: 4, outstanding: 2 }, actual);
      expect(error).toBeUndefined();
      expect(record).toMatchObject({
        releases: { confirmed: actual, outstanding: 0 },
        rolled_back: false,
      });
    },
  );

  test.each([4, 8])(
    'E-1: a chip at %i is not, and the sessions of the key are stopped',
    async (actual) => {
      const opened = await open({ confirmed: 4, outstanding: 2 }, actual);
      const { record, error, rolledBack, secret } = opened;
      expect(error).toMatchObject({ code: 'key_rolled_back' });
      expect(record?.rolled_back).toBe(true);
      expect(rolledBack).toEqual([KEY]);
      expect([...secret].every((byte) => byte === 0)).toBe(true);
    },
  );

  test.each([0x6300, 0x63c2, 0x6982, 0x6984, 0x6a88, 0x6c10])(
    'E-1: a refusal %i comes before the count and leaves no attempt',
    async (word) => {
      const { record } = await open({ confirmed: 4, outstanding: 2 }, refusal(word));
      expect(record?.releases).toMatchObject({ confirmed: 4, outstanding: 2 });
    },
  );

  test('Z-3: a chip that failed before it counted leaves no attempt', async () => {
    const cause = new SecureElementError('chip-failure', 'in passing', { unsent: true });
    const failed = new CosignerError('chip_refused', 'refused', cause);
    const { record } = await open({ confirmed: 4, outstanding: 2 }, failed);
    expect(record?.releases).toMatchObject({ confirmed: 4, outstanding: 2 });
  });

  test.each([0x6581, 0x6f00, undefined])(
    'E-1: a failure %o leaves an attempt of unknown outcome',
    async (word) => {
      const { record } = await open({ confirmed: 4, outstanding: 2 }, refusal(word));
      expect(record?.releases).toMatchObject({ confirmed: 4, outstanding: 3 });
    },
  );

  test.each([
    ['stay with a count that attempts explain', 6, 1],
    ['are discarded when the chip is ahead', 7, 0],
    ['are discarded when the chip is behind', 4, 0],
  ])('E-1: primes %s', async (_, releaseCount, left) => {
    const directory = temporaryDirectory();
    const secret = new Uint8Array(32).fill(7);
    mkdirSync(join(directory, 'pool'));
    writeFileSync(join(directory, 'pool', '2048-0000000000000000.sealed'), 'sealed');
    writeFileSync(join(directory, 'poolCount'), '{"confirmed":4,"outstanding":1}');
    const vault = {
      release: () => Promise.resolve({ secret, releaseCount }),
    } as unknown as Vault;
    const paths = { inStore: (name: string) => join(directory, name) } as unknown as CosignerPaths;
    await openStoreKey(vault, paths, silentLogger);
    expect(readdirSync(join(directory, 'pool'))).toHaveLength(left);
    expect([...secret].every((byte) => byte === 0)).toBe(true);
  });

  test('J-3: the store’s key is wiped once the chip has it', async () => {
    const kept: { opener: Uint8Array; bytes: number[] }[] = [];
    const keep: Vault['keep'] = async (_, opener) => {
      kept.push({ opener, bytes: [...opener] });
      await Promise.resolve();
    };
    await createStoreKey({ keep } as unknown as Vault);
    expect(kept).toHaveLength(1);
    expect(new Set(kept[0]?.bytes).size).toBeGreaterThan(8);
    expect([...(kept[0]?.opener ?? [])].every((byte) => byte === 0)).toBe(true);
  });
});
