import { describe, expect, test } from 'vitest';
import type { Revoked } from '../../src/auth/index.ts';
import { openFixture, PASSWORD, setUpAdmin, HERE } from './support.ts';

describe('users', () => {
  test('the last active administrator must remain one', async () => {
    const fixture = await openFixture();
    await setUpAdmin(fixture);
    const { auth } = fixture;
    for (const patch of [{ state: 'disabled' }, { roles: ['auditor'] }] as const) {
      await expect(auth.patchUser('root', patch, 'root')).rejects.toMatchObject({
        code: 'last_admin',
      });
    }
    await auth.createUser({ username: 'second', roles: ['admin'], password: PASSWORD }, 'root');
    await auth.patchUser('root', { state: 'disabled' }, 'second');
    await expect(auth.patchUser('second', { roles: [] }, 'second')).rejects.toMatchObject({
      code: 'last_admin',
    });
  });

  test('of one name exist once, and unknown ones cannot be changed', async () => {
    const fixture = await openFixture();
    await setUpAdmin(fixture);
    const { auth } = fixture;
    await auth.createUser({ username: '用户1', roles: ['participant'] }, 'root');
    await expect(
      auth.createUser({ username: '用户1', roles: ['admin'], password: PASSWORD }, 'root'),
    ).rejects.toMatchObject({ code: 'user_exists' });
    await expect(auth.patchUser('用户2', { roles: [] }, 'root')).rejects.toMatchObject({
      code: 'unknown_user',
    });
  });

  test('1.9.13 leave no password and no token in database rows or the audit log', async () => {
    const fixture = await openFixture();
    await setUpAdmin(fixture);
    const { auth, audit, database } = fixture;
    const login = await auth.login({ username: 'root', password: PASSWORD }, HERE);
    await auth.createUser({ username: 'ann', roles: ['auditor'], password: PASSWORD }, 'root');
    const { token } = await auth.issueToken({ username: 'ann', lifetime: 1e6, actor: 'root' });
    const tables = ['users', 'refresh_tokens', 'revoked_tokens', 'setup_token', 'audit_entries'];
    tables.push('logins', 'issued_tokens');
    let everything = JSON.stringify(await audit.list({ limit: 100 }));
    for (const table of tables) {
      const rows = await database.read((tx) => tx.all(`SELECT * FROM ${table}`, []));
      everything += JSON.stringify(rows);
    }
    for (const secret of [PASSWORD, login.accessToken, login.refreshToken, token]) {
      expect(everything).not.toContain(secret);
    }
  });

  test('are told about when their tokens become void', async () => {
    const told: Revoked[] = [];
    const fixture = await openFixture({ onRevoked: (revoked) => told.push(revoked) });
    await setUpAdmin(fixture);
    const { auth } = fixture;
    await auth.createUser({ username: 'ann', roles: ['auditor'] }, 'root');
    expect(told).toEqual([]);
    await auth.patchUser('ann', { state: 'disabled' }, 'root');
    expect(told).toEqual([{ username: 'ann' }]);
  });
});
