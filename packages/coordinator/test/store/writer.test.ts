import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import type { Database, Tx } from '../../src/store/database.ts';
import { type Flush, openDatabase } from '../../src/store/sqlite.ts';

const schema = [{ version: 1, statements: ['CREATE TABLE t (id INTEGER PRIMARY KEY)'] }];

async function open(flush: Flush): Promise<{ database: Database; file: string }> {
  const file = join(temporaryDirectory(), 'quorate.db');
  const database = await openDatabase(file, schema, undefined, flush);
  onTestFinished(() => database.close());
  return { database, file };
}

/** A disk whose flushes wait until the test lets them end, or fail. */
function slowDisk(): { flush: Flush; asked: () => number; end: (error?: Error) => void } {
  let asked = 0;
  let waiting: { resolve: () => void; reject: (error: Error) => void } | undefined;
  return {
    flush: () => {
      asked += 1;
      return new Promise<void>((resolve, reject) => {
        waiting = { resolve, reject };
      });
    },
    asked: () => asked,
    end: (error) => (error === undefined ? waiting?.resolve() : waiting?.reject(error)),
  };
}

const insert = (database: Database, id: number, seen: string[] = [], before?: (tx: Tx) => void) =>
  database.transaction(async (tx) => {
    before?.(tx);
    tx.onCommit(() => seen.push(`${id} kept`));
    tx.onRollback(() => seen.push(`${id} undone`));
    await tx.run('INSERT INTO t (id) VALUES (?)', [id]);
  });
const mayWait = (tx: Tx): void => tx.mayWait();
const ids = async (database: Database): Promise<number[]> =>
  (await database.read((tx) => tx.all<{ id: number }>('SELECT id FROM t'))).map(({ id }) => id);
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
};

test('nobody hears of a transaction, and no read shows it, before the disk has it', async () => {
  const disk = slowDisk();
  const { database } = await open(disk.flush);
  const seen: string[] = [];
  const written = insert(database, 1, seen).then(() => seen.push('1 told'));
  await turns();
  const read = ids(database).then((found) => seen.push(`read ${found.join()}`));
  const next = insert(database, 2, seen);
  await turns();
  expect([disk.asked(), seen]).toEqual([1, []]);
  disk.end();
  await Promise.all([written, read]);
  expect(seen).toEqual(['1 kept', '1 told', 'read 1']);
  await turns();
  expect(disk.asked()).toBe(2);
  disk.end();
  await next;
});

test('after a flush that failed nothing is told, written or read any more', async () => {
  const disk = slowDisk();
  const { database, file } = await open(disk.flush);
  const seen: string[] = [];
  const outcomes = Promise.allSettled([insert(database, 1, seen), insert(database, 2, seen)]);
  await turns();
  const read = Promise.allSettled([ids(database)]);
  await turns();
  disk.end(new Error('EIO'));
  const refusal = {
    status: 'rejected',
    reason: {
      code: 'store/unavailable',
      message: 'its log could not be flushed to the disk; restart the server',
    },
  };
  expect(await outcomes).toMatchObject([refusal, refusal]);
  expect(await read).toMatchObject([refusal]);
  expect(seen).toEqual(['2 undone', '1 undone']);
  const later = [insert(database, 3), ids(database), database.scrub()];
  expect(await Promise.allSettled(later)).toMatchObject([refusal, refusal, refusal]);
  expect(disk.asked()).toBe(1);
  // The disk may have it even so: the next start finds all of the group, or nothing.
  const copy = join(temporaryDirectory(), 'quorate.db');
  await cp(file, copy);
  await cp(`${file}-wal`, `${copy}-wal`);
  const again = await openDatabase(copy, schema);
  expect([0, 2]).toContain((await ids(again)).length);
  await again.close();
});

test('transactions that may wait share the flush of the next one', async () => {
  const disk = slowDisk();
  const { database } = await open(disk.flush);
  const seen: string[] = [];
  const early = [insert(database, 1, seen, mayWait), insert(database, 2, seen, mayWait)];
  await turns();
  expect([disk.asked(), seen]).toEqual([0, []]);
  const last = insert(database, 3, seen);
  await turns();
  expect(disk.asked()).toBe(1);
  disk.end();
  await Promise.all([...early, last]);
  expect(seen).toEqual(['1 kept', '2 kept', '3 kept']);
});

test('of transactions that wait when the process is killed nobody has heard, and they are there or not', async () => {
  const disk = slowDisk();
  const { database, file } = await open(disk.flush);
  const seen: string[] = [];
  const waiting = [insert(database, 1, seen, mayWait), insert(database, 2, seen, mayWait)];
  for (const atDisk of [0, 1]) {
    // First they wait for another one, then for the disk.
    await expect.poll(disk.asked).toBeGreaterThanOrEqual(atDisk);
    // A process killed now leaves exactly the files on the disk.
    const killed = join(temporaryDirectory(), 'quorate.db');
    await cp(file, killed);
    await cp(`${file}-wal`, `${killed}-wal`);
    expect(seen).toEqual([]);
    const again = await openDatabase(killed, schema);
    expect([0, 2]).toContain((await ids(again)).length);
    await again.close();
  }
  disk.end();
  await Promise.all(waiting);
  expect(seen).toEqual(['1 kept', '2 kept']);
});

test('one that may wait is not kept waiting for ever, nor by a failure in front of it', async () => {
  let flushes = 0;
  const { database } = await open(async () => {
    flushes += 1;
  });
  await insert(database, 1, [], mayWait);
  const failed = insert(database, 1);
  const waiting = insert(database, 2, [], mayWait);
  await expect(failed).rejects.toThrow(/UNIQUE/);
  await waiting;
  expect(flushes).toBe(2);
  expect(await ids(database)).toEqual([1, 2]);
});

test('closing commits what was only waiting', async () => {
  const { database, file } = await open((log) => log.datasync());
  const waiting = insert(database, 1, [], mayWait);
  await turns();
  await database.close();
  await waiting;
  const again = await openDatabase(file, schema);
  expect(await ids(again)).toEqual([1]);
  await again.close();
});
