// Stores of version 3, whose sessions were files, opened by this one.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fromHex, recoverAddress } from '@quorate/intent';
import { pathsOf } from '../../src/files.ts';
import { type LockedStore, openStore } from '../../src/store/index.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { startPair } from '../support/pair.ts';
import { removeStores, writeConfig } from '../support/stores.ts';
import { former, REQUEST, restoreFormer } from './former/restore.ts';

const { key, signed, other, open } = former.sessions;
const directories: string[] = [];
afterAll(() => removeStores(...directories));

/** A folder with the stores of version 3. */
function makeFormer(): string {
  const directory = restoreFormer();
  directories.push(directory);
  return directory;
}

function openAt(directory: string): LockedStore {
  const loaded = writeConfig(directory, 'enterprise');
  return openStore(loaded.config, pathsOf(loaded));
}

/** Opens P1's store, and closes it when everything of version 3 is in it. */
function expectAll(directory: string): void {
  const store = openAt(directory);
  try {
    expect(store.sessions.find(signed.session_id)?.session).toEqual(signed);
    expect(store.sessions.find(other.session_id)?.session).toEqual(other);
    expect(store.sessions.find(key.session_id)?.session).toEqual(key);
    expect(store.sessions.find(open.session_id)?.session).toMatchObject({
      status: 'aborted',
      error: { code: 'process_restarted' },
    });
    const again = store.sessions.findByRequest(REQUEST.caller, REQUEST.id);
    expect(again?.session.session_id).toBe(signed.session_id);
    expect(store.sessions.list({ limit: 10 }).sessions).toHaveLength(4);
  } finally {
    store.close();
  }
  expect(existsSync(join(directory, 'enterprise/sessions'))).toBe(false);
  expect(readFileSync(join(directory, 'enterprise/store.json'), 'utf8')).toContain('"version":4');
}

describe('a store of version 3', () => {
  test('has its sessions in the journal, and opens again', () => {
    const directory = makeFormer();
    expectAll(directory);
    expectAll(directory);
  });

  test('goes on signing: the key, the request id and the outcome that P2 did not know', async () => {
    const pair = await startPair(makeFormer());
    try {
      const repeated = await pair.p1.sign(key.session_id, signed.message ?? '', {
        request_id: REQUEST.id,
      });
      // The token of this test is another caller's: its ids are its own.
      expect(repeated.status).toBe('completed');
      expect(repeated.session_id).not.toBe(signed.session_id);
      expect((await pair.p2.over(other.session_id)).signature).toBe(other.signature);
      const next = await pair.p1.sign(key.session_id, 'the next one');
      const made = [fromHex(next.digest ?? ''), fromHex(next.signature ?? '')] as const;
      expect(recoverAddress(...made)).toBe(former.address);
    } finally {
      await pair.stop();
    }
  });

  /** The store as a start leaves it that ends in the middle. */
  const CRASHES: Readonly<Record<string, (store: string, migrated: string) => void>> = {
    'after the version': (store) => raise(store),
    'while the journal is written': (store) => {
      raise(store);
      writeFileSync(join(store, 'journal.new'), 'half a journ');
    },
    'when the journal is there': (store, migrated) => {
      raise(store);
      cpSync(join(migrated, 'journal'), join(store, 'journal'));
    },
    'while the files are removed': (store, migrated) => {
      raise(store);
      cpSync(join(migrated, 'journal'), join(store, 'journal'));
      for (const name of readdirSync(join(store, 'sessions')).slice(0, 2)) {
        rmSync(join(store, 'sessions', name));
      }
    },
    'when the files are gone': (store, migrated) => {
      raise(store);
      cpSync(join(migrated, 'journal'), join(store, 'journal'));
      for (const name of readdirSync(join(store, 'sessions'))) {
        rmSync(join(store, 'sessions', name));
      }
    },
  };

  const raise = (store: string): void => {
    const file = join(store, 'store.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"version":3', '"version":4'));
  };

  test.each(Object.keys(CRASHES))('loses nothing when its first start ends %s', (when) => {
    const migrated = makeFormer();
    openAt(migrated).close();
    const directory = makeFormer();
    CRASHES[when]?.(join(directory, 'enterprise'), join(migrated, 'enterprise'));
    expectAll(directory);
  });

  test('with a session that cannot be read is refused by its name, and left as it is', () => {
    const directory = makeFormer();
    const file = join(directory, 'enterprise/sessions', `${signed.session_id}.json`);
    const before = readFileSync(file);
    writeFileSync(file, '{');
    const tampered = { code: 'store/tampered', message: expect.stringContaining(file) };
    expect(() => openAt(directory)).toThrow(expect.objectContaining(tampered));
    expect(existsSync(join(directory, 'enterprise/journal'))).toBe(false);
    writeFileSync(file, before);
    expectAll(directory);
  });
});

describe('a store of this version', () => {
  test('without its journal is refused: its sessions would be forgotten', () => {
    const directory = makeFormer();
    openAt(directory).close();
    rmSync(join(directory, 'enterprise/journal'));
    const missing = { code: 'store/tampered', message: expect.stringContaining('journal') };
    expect(() => openAt(directory)).toThrow(expect.objectContaining(missing));
  });

  test('whose journal is of a newer version is refused by it', () => {
    const directory = makeFormer();
    openAt(directory).close();
    const journal = join(directory, 'enterprise/journal');
    const content = readFileSync(journal);
    content.writeUInt8(9, 7);
    writeFileSync(journal, content);
    const newer = { code: 'store/newer-version', message: expect.stringContaining('framing 9') };
    expect(() => openAt(directory)).toThrow(expect.objectContaining(newer));
  });

  test('that was made and never opened has no session, and no files of an earlier version', () => {
    const directory = temporaryDirectory();
    directories.push(directory);
    const store = join(directory, 'enterprise');
    mkdirSync(store, { mode: 0o700 });
    const version = { format: 'quorate-cosigner-store', version: 3, role: 'enterprise' };
    writeFileSync(join(store, 'store.json'), JSON.stringify({ ...version, name: 'enterprise' }));
    const opened = openAt(directory);
    expect(opened.sessions.list({ limit: 10 }).sessions).toEqual([]);
    opened.close();
    expect(existsSync(join(store, 'sessions'))).toBe(false);
  });
});
