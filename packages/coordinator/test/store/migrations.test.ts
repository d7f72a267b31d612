import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { knownPlace, listLogins } from '../../src/auth/logins.ts';
import { followersOf } from '../../src/delivery/followers.ts';
import { Hub } from '../../src/delivery/hub.ts';
import { lastCseq } from '../../src/delivery/inbox.ts';
import { Outbox } from '../../src/delivery/outbox.ts';
import { coordinator, participant } from '../../src/delivery/recipient.ts';
import { type Database, StoreError } from '../../src/store/database.ts';
import { loadDriver } from '../../src/store/driver.ts';
import { type Migration, migrate, migrations } from '../../src/store/migrations.ts';
import { openDatabase } from '../../src/store/sqlite.ts';
import { statementsOf } from '../../src/store/statement.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';

/** A store of an older version, filled, and the same store as this release opens it. */
async function upgraded(version: number, fill: readonly string[]): Promise<Database> {
  const file = join(temporaryDirectory(), 'quorate.db');
  const old = await openDatabase(file, migrations.slice(0, version));
  await old.transaction(async (tx) => {
    for (const statement of fill) await tx.run(statement);
  });
  await old.close();
  const now = await openDatabase(file);
  onTestFinished(() => now.close());
  return now;
}

test('Y-8: logins of an older store are listed, and their devices are known', async () => {
  const row = (hash: string, family: string, state: string, at: number): string =>
    `INSERT INTO refresh_tokens
       (token_hash, family, username, generation, state, issued_at, expires_at)
     VALUES ('${hash}', '${family}', 'root', 1, '${state}', ${at}, 9000)`;
  const store = await upgraded(5, [
    row('a1', 'a', 'used', 1000),
    row('a2', 'a', 'active', 2000),
    row('b1', 'b', 'revoked', 3000),
  ]);
  expect(await store.read((tx) => listLogins(tx, 'root', 10))).toEqual([
    { loginId: 'b', startedAt: 3000, usedAt: 3000, expiresAt: 9000, ended: 'logout' },
    { loginId: 'a', startedAt: 1000, usedAt: 2000, expiresAt: 9000 },
  ]);
  const known = (deviceHash?: string) =>
    store.read((tx) => knownPlace(tx, 'root', { addressHash: 'x', deviceHash }, 0));
  expect(await known('a2')).toBe('device');
  expect([await known('a1'), await known()]).toEqual([undefined, undefined]);
});

test('Z-20: numbers and messages of an older store are those of the nameless client', async () => {
  const store = await upgraded(7, [
    `INSERT INTO streams (username, role, stream, last_seq, acked_seq)
     VALUES ('ann', 'coordinator', 'abc', 9, 7)`,
    `INSERT INTO outbox (username, role, seq, message, during_session, expires_at)
     VALUES ('ann', 'coordinator', 9, '{"type":"error"}', NULL, 5000)`,
    `INSERT INTO inbox (username, role, cseq) VALUES ('ann', 'coordinator', 3)`,
    `INSERT INTO sessions (session_key, kind, state, coordinator, request_hash, threshold,
       total_parts, address, ended, created_at, updated_at)
     VALUES ('open', 'keygen', 'invited', 'ann', '', 2, 2, NULL, 0, 1000, 1000)`,
  ]);
  const ann = coordinator('ann');
  const outbox = new Outbox(() => undefined);
  const found = await store.transaction((tx) => outbox.resume(tx, ann, {}, 2000));
  expect(found).toEqual({ stream: 'abc', resumed: 1, from: 7 });
  expect(await store.read((tx) => outbox.after(tx, ann, 7, 10))).toEqual([
    { seq: 9, text: '{"type":"error","seq":9}' },
  ]);
  expect(await store.read((tx) => lastCseq(tx, ann))).toBe(3);
  const asked = { sessionKey: 'open', username: 'ann' };
  expect(await store.read((tx) => followersOf(tx, new Hub(), asked))).toEqual([ann]);
});

test('a round in the outbox of an older store is sent as it was', async () => {
  const round = { type: 'round', session_key: 'one', from: 1, to: 2, round: 1, body: 'QUJD' };
  const store = await upgraded(12, [
    `INSERT INTO outbox (username, role, client, seq, message, during_session, expires_at)
     VALUES ('bob', 'participant', '', 3, '${JSON.stringify(round)}', 'one', 5000)`,
  ]);
  const outbox = new Outbox(() => undefined);
  const bob = participant('bob');
  const [kept] = await store.read((tx) => outbox.after(tx, bob, 0, 10));
  expect(JSON.parse(kept!.text)).toEqual({ ...round, seq: 3 });
  await store.transaction((tx) => outbox.sessionEnded(tx, 'one'));
  expect(await store.read((tx) => outbox.after(tx, bob, 0, 10))).toEqual([]);
});

test('a file that cannot be written anew keeps nothing from working, and the next start tries again', async () => {
  const connect = await loadDriver();
  const connection = connect(join(temporaryDirectory(), 'quorate.db'), { readOnly: false });
  onTestFinished(() => connection.close());
  const noHook = (): never => {
    throw new TypeError('a migration has no hooks');
  };
  const hooks = { runUnerased: noHook, onCommit: noHook, onRollback: noHook, mayWait: noHook };
  const tx = { ...statementsOf(connection), ...hooks };
  const list: Migration[] = [
    { version: 1, statements: ['CREATE TABLE one (x INTEGER)'] },
    { version: 2, rewrite: true },
    { version: 3, statements: ['CREATE TABLE three (x INTEGER)'] },
  ];
  const told: StoreError[] = [];
  const run = (rewrite: () => void): Promise<void> =>
    migrate(
      {
        tx,
        exec: (sql) => connection.exec(sql),
        rewrite,
        onPostponed: (error) => told.push(error),
      },
      list,
    );
  const versions = async (): Promise<number[]> =>
    (await tx.all<{ version: number }>('SELECT version FROM schema_versions ORDER BY version')).map(
      ({ version }) => version,
    );

  const full = new StoreError('store/unavailable', 'database or disk is full');
  await run(() => {
    throw full;
  });
  expect(told).toEqual([full]);
  expect(await versions()).toEqual([1, 3]);
  await run(() => connection.exec('VACUUM'));
  expect(await versions()).toEqual([1, 2, 3]);
  expect(told).toHaveLength(1);
  const defect = new TypeError('a defect');
  await tx.run('DELETE FROM schema_versions WHERE version = 2');
  await expect(
    run(() => {
      throw defect;
    }),
  ).rejects.toBe(defect);
});
