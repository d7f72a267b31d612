import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Database } from '../../src/store/database.ts';
import { openDatabase } from '../../src/store/sqlite.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { fillDisk } from '../support/fullDisk.ts';

const schema = [
  { version: 1, statements: ['CREATE TABLE t (id INTEGER PRIMARY KEY, bytes BLOB)'] },
];
const LARGE = new Uint8Array(20_000);

async function open(): Promise<{ database: Database; file: string }> {
  const file = join(temporaryDirectory(), 'quorate.db');
  const database = await openDatabase(file, schema);
  onTestFinished(() => database.close());
  return { database, file };
}

const insert = (database: Database, id: number, bytes: Uint8Array, seen: string[]) =>
  database.transaction(async (tx) => {
    tx.onCommit(() => seen.push(`${id} kept`));
    tx.onRollback(() => seen.push(`${id} undone`));
    await tx.run('INSERT INTO t (id, bytes) VALUES (?, ?)', [id, bytes]);
  });

test('X-6: on a full disk every transaction of the group is undone, in memory too, and told as that', async () => {
  const { database, file } = await open();
  const makeRoom = await fillDisk(database);
  const seen: string[] = [];
  const outcomes = await Promise.allSettled([
    insert(database, 1, new Uint8Array(1), seen),
    insert(database, 2, LARGE, seen),
    insert(database, 3, new Uint8Array(1), seen),
  ]);
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({
      status: 'rejected',
      reason: { code: 'store/unavailable', message: `${file}: database or disk is full` },
    });
  }
  expect(seen).toEqual(['2 undone', '1 undone']);
  expect(await database.read((tx) => tx.all('SELECT id FROM t'))).toEqual([]);
  await makeRoom();
  await insert(database, 2, LARGE, seen);
  expect(seen.at(-1)).toBe('2 kept');
});

test('X-6: a file that is no database, or that cannot be opened, is named with the store’s code', async () => {
  const { database, file } = await open();
  await database.close();
  await rm(file);
  await expect(openDatabase(join(file, '..'), schema)).rejects.toMatchObject({ code: 'EISDIR' });
  await writeFile(file, 'this is a text and no database at all'.repeat(200));
  await expect(openDatabase(file, schema)).rejects.toMatchObject({
    code: 'store/unavailable',
    message: `${file}: file is not a database`,
  });
});
