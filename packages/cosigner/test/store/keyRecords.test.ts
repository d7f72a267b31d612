import { silentLogger } from '@quorate/holder';
import { cpSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { Keyring } from '../../src/keyring.ts';
import { NO_RELEASES } from '../../src/releases.ts';
import { type KeyRecord, type KeyRecords, openKeyRecords } from '../../src/store/keyRecords.ts';
import { makeRecordSeal } from '../../src/store/recordSeal.ts';
import type { Vault } from '../../src/vault.ts';
import type { Threads, ThreadPort } from '../../src/worker/threads.ts';
import { openJournalIn } from '../support/journals.ts';
import { KEY, openRecords, recordOf, share } from '../support/records.ts';

const OTHER = 'ef'.repeat(16);
const port = { hold: () => undefined } as unknown as ThreadPort;
const fileOf = (directory: string, key = KEY): string => join(directory, `${key}.json`);

const locked = { state: 'refreshable', reopened: 1, session_id: KEY, at: 1 } as const;

/** A chip that counts, and tells before each release what is on disk. */
function chip(count = 0): {
  vault: Vault;
  secrets: Uint8Array[];
  fails: (on: boolean) => void;
} {
  const secrets: Uint8Array[] = [];
  let [releases, failing] = [count, false];
  const release = (): Promise<{ secret: Uint8Array; releaseCount: number }> => {
    if (failing) return Promise.reject(new Error('no chip'));
    releases += 1;
    const secret = new Uint8Array(32).fill(7);
    secrets.push(secret);
    return Promise.resolve({ secret, releaseCount: releases });
  };
  return {
    vault: { release } as unknown as Vault,
    secrets,
    fails: (on) => {
      failing = on;
    },
  };
}

function keyringOf(keys: KeyRecords, vault: Vault): Keyring {
  const keyring = new Keyring(keys, vault, 1, silentLogger);
  keyring.attach({ wipe: () => undefined } as unknown as Threads, () => undefined);
  return keyring;
}

const lock = (keys: KeyRecords): KeyRecord =>
  keys.update(KEY, (record) => ({ ...record, lock: locked }));

describe('a key record', () => {
  function written(): string {
    const directory = temporaryDirectory();
    const keys = openRecords(directory);
    keys.add(recordOf(1, { lock: locked, share: { ...share(0), moduli: ['ab', 'cd'] } }));
    return directory;
  }

  test('is read as it was written', () => {
    const record = openRecords(written()).find(KEY);
    expect(record).toMatchObject({ lock: locked, share: { moduli: ['ab', 'cd'] } });
  });

  test.each([
    ['without its lock', (text: string) => text.replace('refreshable', 'none')],
    ['with an opening less', (text: string) => text.replace('"reopened":1', '"reopened":0')],
    ['of another epoch', (text: string) => text.replace('"epoch":0', '"epoch":1')],
    ['of another partner', (text: string) => text.replace('"p2"', '"p3"')],
    ['with another mac', (text: string) => text.replace(/"mac":"./, '"mac":"x')],
    ['without a mac', (text: string) => text.replace(/"mac":"\w+",/, '')],
    ['of an earlier form', (text: string) => text.replace('key/v4', 'key/v2')],
    ['with a field more', (text: string) => text.replace('"record":{', '"record":{"more":1,')],
  ])('E-1: %s is refused', (_, edit) => {
    const directory = written();
    const text = readFileSync(fileOf(directory), 'utf8');
    expect(edit(text)).not.toBe(text);
    writeFileSync(fileOf(directory), edit(text));
    const refusal = () => openRecords(directory);
    expect(refusal).toThrow(expect.objectContaining({ code: 'store/tampered' }));
  });

  test('E-1: of another store is refused', () => {
    const foreign = makeRecordSeal(new Uint8Array(32).fill(1));
    const journal = openJournalIn(temporaryDirectory());
    expect(() => openKeyRecords(written(), foreign, journal)).toThrow('not what this store wrote');
  });

  test('E-1: in the place of another key’s is refused', () => {
    const directory = written();
    openRecords(directory).add(recordOf(1, { session_id: OTHER }));
    renameSync(fileOf(directory, OTHER), fileOf(directory));
    expect(() => openRecords(directory)).toThrow('its name');
  });
});

describe('a lock', () => {
  /** A key whose keyshare was opened; its record from then, and the chip. */
  async function opened(from: Partial<KeyRecord['releases']> = {}, count = 0) {
    const directory = temporaryDirectory();
    const keys = openRecords(directory);
    keys.add(recordOf(1, { releases: { ...NO_RELEASES, ...from } }));
    const card = chip(count);
    const keyring = keyringOf(keys, card.vault);
    await keyring.hold(KEY, port, 'sign');
    return { directory, keys, card, keyring, before: copyOf(directory) };
  }

  /** Record and permits, as somebody copies them. */
  const copyOf = (directory: string): string => {
    const copy = temporaryDirectory();
    cpSync(directory, copy, { recursive: true });
    return copy;
  };

  const putBack = async (
    directory: string,
    before: string,
    vault: Vault,
    isPutBack: (file: string) => boolean = () => true,
  ): Promise<unknown> => {
    const filter = (path: string): boolean => statSync(path).isDirectory() || isPutBack(path);
    cpSync(before, directory, { recursive: true, filter });
    return keyringOf(openRecords(directory), vault)
      .hold(KEY, port, 'sign')
      .then(
        () => 'opened',
        (error: unknown) => error,
      );
  };

  test('E-1: is noticed to be missing, though the keyshare was open before and after it', async () => {
    const { directory, keys, card, keyring, before } = await opened();
    lock(keys);
    await keyring.settled();
    expect(keys.find(KEY)?.releases.due).toBeNull();
    // The first went to the thread that wiped it; those that only count are wiped here.
    const [, ...counted] = card.secrets;
    expect(counted.length).toBeGreaterThan(0);
    for (const secret of counted) expect([...secret].every((byte) => byte === 0)).toBe(true);
    expect(await putBack(directory, before, card.vault)).toMatchObject({ code: 'key_rolled_back' });
  });

  test('E-1: is noticed to be missing without the journal of then, whose counts are of another record', async () => {
    const { directory, keys, card, keyring, before } = await opened();
    lock(keys);
    await keyring.settled();
    const isRecord = (path: string): boolean => !path.endsWith('journal');
    expect(await putBack(directory, before, card.vault, isRecord)).toMatchObject({
      code: 'key_rolled_back',
    });
  });

  test('E-1: holds, whichever journal is put back beside it', async () => {
    const { directory, keys, keyring, before } = await opened();
    lock(keys);
    await keyring.settled();
    cpSync(join(before, 'journal'), join(directory, 'journal'));
    expect(openRecords(directory).find(KEY)).toMatchObject({
      lock: locked,
      releases: { confirmed: keys.find(KEY)?.releases.confirmed },
    });
  });

  test('E-1: neither is a record from before it used that explains many counts', async () => {
    const directory = temporaryDirectory();
    const keys = openRecords(directory);
    keys.add(recordOf(1));
    const card = chip();
    const keyring = keyringOf(keys, card.vault);
    card.fails(true);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(keyring.hold(KEY, port, 'sign')).rejects.toThrow('no chip');
    }
    const before = copyOf(directory);
    card.fails(false);
    await keyring.hold(KEY, port, 'sign');
    lock(keys);
    await keyring.settled();
    expect(await putBack(directory, before, card.vault)).toMatchObject({ code: 'key_rolled_back' });
  });

  test.each([1, 3, 12])(
    'E-1: nor is one that %i failing attempts are to make explain what the chip counts',
    async (failures) => {
      const { directory, keys, card, keyring, before } = await opened();
      lock(keys);
      await keyring.settled();
      cpSync(before, directory, { recursive: true });
      const restored = openRecords(directory);
      const again = keyringOf(restored, card.vault);
      card.fails(true);
      for (let attempt = 0; attempt < failures; attempt += 1) {
        await expect(again.hold(KEY, port, 'sign')).rejects.toThrow('no chip');
      }
      card.fails(false);
      await expect(again.hold(KEY, port, 'sign')).rejects.toMatchObject({
        code: 'key_rolled_back',
      });
      expect(restored.find(KEY)?.lock.state).toBe('none');
    },
  );

  test.each([0, 9])(
    'E-1: a key that was rolled back opens for a refresh at count %i of the chip, and for no signature',
    async (count) => {
      const keys = openRecords(temporaryDirectory());
      keys.add(recordOf(1, { rolled_back: true, releases: { ...NO_RELEASES, confirmed: 4 } }));
      const card = chip(count);
      const keyring = keyringOf(keys, card.vault);
      const refusal = { code: 'key_rolled_back' };
      await expect(keyring.hold(KEY, port, 'sign')).rejects.toMatchObject(refusal);
      expect(card.secrets).toEqual([]);
      expect(await keyring.hold(KEY, port, 'refresh')).toBe(`${KEY}/0`);
      // Neither while it is open for the refresh.
      await expect(keyring.hold(KEY, port, 'sign')).rejects.toMatchObject(refusal);
      expect(keys.find(KEY)?.rolled_back).toBe(true);
    },
  );

  test('E-1: attempts that fail before the chip counts do not make a key useless', async () => {
    const { keys, card } = await opened();
    card.fails(true);
    const another = keyringOf(keys, card.vault);
    for (let attempt = 0; attempt < 12; attempt += 1) {
      await expect(another.hold(KEY, port, 'sign')).rejects.toThrow('no chip');
    }
    card.fails(false);
    await keyringOf(keys, card.vault).hold(KEY, port, 'sign');
    expect(keys.find(KEY)).toMatchObject({
      rolled_back: false,
      releases: { confirmed: 2, outstanding: 0 },
    });
  });

  test('E-1: what the chip did not do, it does at the next start', async () => {
    const { directory, keys, card, keyring, before } = await opened();
    card.fails(true);
    lock(keys);
    await keyring.settled();
    expect(keys.find(KEY)?.releases.due).toBeGreaterThan(2);
    card.fails(false);
    const again = openRecords(directory);
    await keyringOf(again, card.vault).resume();
    expect(again.find(KEY)).toMatchObject({ lock: locked, releases: { due: null } });
    expect(await putBack(directory, before, card.vault)).toMatchObject({ code: 'key_rolled_back' });
  });

  test('E-1: does not make the present record an older one: a refresh opens it', async () => {
    const { directory, keys, card, keyring } = await opened({ confirmed: 4, outstanding: 2 }, 5);
    lock(keys);
    await keyring.settled();
    const present = copyOf(directory);
    expect(await putBack(directory, present, card.vault)).toBe('opened');
  });
});
