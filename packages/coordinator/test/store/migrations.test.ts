import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { knownPlace, listLogins } from '../../src/auth/logins.ts';
import type { Database } from '../../src/store/database.ts';
import { migrations } from '../../src/store/migrations.ts';
import { openDatabase } from '../../src/store/sqlite.ts';
import { temporaryDirectory } from '../auth/support.ts';

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
