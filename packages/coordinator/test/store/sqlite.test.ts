import { cp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import type { Database, Row } from '../../src/store/database.ts';
import { migrations } from '../../src/store/migrations.ts';
import { openDatabase } from '../../src/store/sqlite.ts';

const schema = [
  { version: 1, statements: ['CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, bytes BLOB)'] },
];

let directory: string;
let file: string;
let database: Database;

beforeEach(async () => {
  directory = temporaryDirectory();
  file = join(directory, 'data', 'quorate.db');
  database = await openDatabase(file, schema);
});

afterEach(async () => {
  await database.close();
  await rm(directory, { recursive: true });
});

const insert = (id: number, name: string) => (d: Database) =>
  d.transaction((tx) => tx.run('INSERT INTO t (id, name) VALUES (?, ?)', [id, name]));
const names = async (): Promise<unknown[]> =>
  (await database.read((tx) => tx.all<Row>('SELECT name FROM t ORDER BY id'))).map(
    (r) => r['name'],
  );

test('opening empties the log that a killed process left', async () => {
  await insert(1, 'overwritten since')(database);
  const killed = join(directory, 'killed.db');
  // A process killed now leaves exactly the files on the disk.
  await cp(file, killed);
  await cp(`${file}-wal`, `${killed}-wal`);
  expect((await stat(`${killed}-wal`)).size).toBeGreaterThan(0);
  const again = await openDatabase(killed, schema);
  expect((await stat(`${killed}-wal`)).size).toBe(0);
  const rows = await again.read((tx) => tx.all<Row>('SELECT name FROM t'));
  expect(rows.map((row) => row['name'])).toEqual(['overwritten since']);
  await again.close();
});

describe('transactions', () => {
  test('a transaction that throws leaves nothing, and its neighbours in the same commit stay', async () => {
    const outcomes = await Promise.allSettled([
      insert(1, 'one')(database),
      database.transaction(async (tx) => {
        await tx.run('INSERT INTO t (id, name) VALUES (?, ?)', [2, 'two']);
        throw new Error('refused');
      }),
      insert(3, 'three')(database),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await names()).toEqual(['one', 'three']);
  });

  test('a broken constraint rejects only its own transaction', async () => {
    await insert(1, 'one')(database);
    const outcomes = await Promise.allSettled([
      insert(1, 'again')(database),
      insert(2, 'two')(database),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(await names()).toEqual(['one', 'two']);
  });

  test('a read never sees a transaction that is still open', async () => {
    let seen: unknown[] = [];
    await database.transaction(async (tx) => {
      await tx.run('INSERT INTO t (id, name) VALUES (?, ?)', [1, 'one']);
      seen = await names();
    });
    expect(seen).toEqual([]);
    expect(await names()).toEqual(['one']);
  });

  test('transactions run one after the other, in the order they were asked for', async () => {
    const order: string[] = [];
    const slow = (name: string) =>
      database.transaction(async (tx) => {
        order.push(`${name} begins`);
        for (let i = 0; i < 20; i += 1) await tx.all('SELECT id FROM t');
        order.push(`${name} ends`);
      });
    await Promise.all([slow('a'), slow('b'), slow('c')]);
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  test('committed data is there after the database is opened again', async () => {
    await insert(1, 'one')(database);
    await database.close();
    database = await openDatabase(file, schema);
    expect(await names()).toEqual(['one']);
  });

  test('a read that writes is refused', async () => {
    await expect(
      database.read((tx) => tx.run('INSERT INTO t (id) VALUES (?)', [1])),
    ).rejects.toThrow(/readonly/);
  });
});

describe('callbacks', () => {
  test('run in the order of the transactions, before the next one begins, and only for those that committed', async () => {
    const order: string[] = [];
    const work = (name: string, fails: boolean) =>
      database.transaction(async (tx) => {
        order.push(name);
        tx.onCommit(() => order.push(`${name} committed`));
        tx.onRollback(() => order.push(`${name} undone`));
        if (fails) throw new Error('refused');
      });
    await Promise.allSettled([work('a', false), work('b', true), work('c', false)]);
    expect(order).toEqual(['a', 'b', 'b undone', 'c', 'a committed', 'c committed']);
  });

  test('a commit that fails undoes every transaction of its group, last first', async () => {
    const order: string[] = [];
    const work = (name: string, sql: string) =>
      database.transaction(async (tx) => {
        tx.onCommit(() => order.push(`${name} committed`));
        tx.onRollback(() => order.push(`${name} undone`));
        await tx.run(sql);
      });
    // A deferred foreign key makes the COMMIT itself fail.
    await database.transaction((tx) =>
      tx.run('CREATE TABLE child (id INTEGER REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)'),
    );
    const outcomes = await Promise.allSettled([
      work('a', "INSERT INTO t (id, name) VALUES (1, 'one')"),
      work('b', 'INSERT INTO child (id) VALUES (9)'),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(order).toEqual(['b undone', 'a undone']);
    expect(await names()).toEqual([]);
  });
});

describe('statements', () => {
  const run = (sql: string, params: unknown[]) =>
    // The driver must refuse what the types already forbid.
    database.transaction((tx) => tx.run(sql, params as never));

  test.each([
    ['too few parameters', 'INSERT INTO t (id, name) VALUES (?, ?)', [1]],
    ['too many parameters', 'INSERT INTO t (id) VALUES (?)', [1, 2]],
    ['a boolean', 'INSERT INTO t (id) VALUES (?)', [true]],
    ['undefined', 'INSERT INTO t (id) VALUES (?)', [undefined]],
    ['a date', 'INSERT INTO t (id) VALUES (?)', [new Date(0)]],
    ['an object', 'INSERT INTO t (id) VALUES (?)', [{}]],
    ['a fraction', 'INSERT INTO t (id) VALUES (?)', [0.5]],
    ['an unsafe integer', 'INSERT INTO t (id) VALUES (?)', [2 ** 53]],
    ['text with U+0000', 'INSERT INTO t (id, name) VALUES (?, ?)', [1, 'a\u0000b']],
    ['a second statement', 'INSERT INTO t (id) VALUES (?); DELETE FROM t', [1]],
    ['a trailing semicolon', 'INSERT INTO t (id) VALUES (?);', [1]],
  ])('%s is refused before it reaches the driver', async (_, sql, params) => {
    await expect(run(sql, params)).rejects.toMatchObject({ code: 'store/bad-statement' });
    expect(await names()).toEqual([]);
  });

  test('bytes and text come back as they went in', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    await database.transaction((tx) =>
      tx.run('INSERT INTO t (id, name, bytes) VALUES (?, ?, ?)', [1, '法定人数 🔑', bytes]),
    );
    const row = await database.read((tx) =>
      tx.get<{ name: string; bytes: Uint8Array }>('SELECT name, bytes FROM t'),
    );
    expect(row?.name).toBe('法定人数 🔑');
    expect(Uint8Array.from(row?.bytes ?? [])).toEqual(bytes);
  });
});

describe('files', () => {
  test('1.9.13 the directory is 0700 and every file in it 0600', async () => {
    await insert(1, 'one')(database);
    const data = join(directory, 'data');
    expect((await stat(data)).mode & 0o777).toBe(0o700);
    const files = await readdir(data);
    expect(files).toContain('quorate.db');
    for (const name of files)
      expect([name, (await stat(join(data, name))).mode & 0o777]).toEqual([name, 0o600]);
  });

  test('a store from a newer program is refused and says which version it has', async () => {
    await database.close();
    const newer = [...schema, { version: 7, statements: ['CREATE TABLE later (id INTEGER)'] }];
    await (await openDatabase(file, newer)).close();
    await expect(openDatabase(file, schema)).rejects.toMatchObject({
      code: 'store/newer-version',
      message: expect.stringContaining('version 7'),
    });
  });

  test('a second opening of a store in use is refused', async () => {
    await expect(openDatabase(file, schema)).rejects.toMatchObject({ code: 'store/in-use' });
  });

  test('a migration that fails leaves the version and the tables as they were', async () => {
    await database.close();
    const broken = [
      ...schema,
      { version: 2, statements: ['CREATE TABLE a (id INTEGER)', 'CREATE TABEL b'] },
    ];
    await expect(openDatabase(file, broken)).rejects.toThrow(/syntax/);
    const fixed = [...schema, { version: 2, statements: ['CREATE TABLE a (id INTEGER)'] }];
    database = await openDatabase(file, fixed);
    expect(await database.read((tx) => tx.all('SELECT id FROM a'))).toEqual([]);
  });

  test.each(['quorate.db', 'quorate.db-wal'])(
    'Z-13: a database whose %s was removed takes no write that would be lost',
    async (name) => {
      await insert(1, 'kept')(database);
      expect(await names()).toEqual(['kept']);
      const path = join(directory, 'data', name);
      await rm(path);
      const seen: string[] = [];
      const written = database.transaction(async (tx) => {
        tx.onCommit(() => seen.push('committed'));
        tx.onRollback(() => seen.push('undone'));
        await tx.run('INSERT INTO t (id, name) VALUES (?, ?)', [2, 'lost']);
      });
      const why = 'its file was removed, moved or replaced; restart the server';
      await expect(written).rejects.toMatchObject({
        code: 'store/unavailable',
        message: `${path}: ${why}`,
        cause: { message: why },
      });
      expect(seen).toEqual(['undone']);
      expect(await names()).toEqual(['kept']);
    },
  );

  test('Z-13: a read that the store cannot serve is told as that', async () => {
    await insert(1, 'kept')(database);
    await rm(`${file}-wal`);
    const code = 'store/unavailable';
    await expect(names()).rejects.toMatchObject({ code });
    await expect(names()).rejects.toMatchObject({ code });
  });

  test('Z-13: a database that another one was put in place of takes no write', async () => {
    const other = join(directory, 'other.db');
    await (await openDatabase(other, schema)).close();
    await rename(other, file);
    const code = 'store/unavailable';
    await expect(insert(1, 'lost')(database)).rejects.toMatchObject({ code });
  });

  test('a closed database refuses work', async () => {
    await database.close();
    await expect(insert(1, 'one')(database)).rejects.toMatchObject({ code: 'store/closed' });
    await expect(names()).rejects.toMatchObject({ code: 'store/closed' });
  });

  test('the schema of this release applies to an empty database', async () => {
    const whole = await openDatabase(join(directory, 'whole', 'quorate.db'), migrations);
    await whole.close();
  });
});
