import { describe, expect, test } from 'vitest';
import { openFixture, PASSWORD, setUpAdmin, HERE } from './support.ts';

describe('refresh tokens', () => {
  async function loggedIn() {
    const fixture = await openFixture();
    await setUpAdmin(fixture);
    return {
      ...fixture,
      login: await fixture.auth.login({ username: 'root', password: PASSWORD }, HERE),
    };
  }
  const code = (work: Promise<unknown>) =>
    work.then(
      () => 'ok',
      (error: { code: string }) => error.code,
    );

  test('are stored as hashes only', async () => {
    const { database, login } = await loggedIn();
    const rows = await database.read((tx) => tx.all('SELECT * FROM refresh_tokens', []));
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(login.refreshToken);
  });

  test('are good once; a second use ends the login and its access tokens', async () => {
    const { auth, login, audit } = await loggedIn();
    const next = await auth.refresh(login.refreshToken);
    expect(next.refreshToken).not.toBe(login.refreshToken);
    expect(await auth.tokens.verify(next.accessToken)).toMatchObject({ username: 'root' });
    expect(await code(auth.refresh(login.refreshToken))).toBe('invalid_token');
    expect(await code(auth.refresh(next.refreshToken))).toBe('invalid_token');
    expect(await auth.tokens.verify(next.accessToken)).toEqual({ refused: 'revoked' });
    expect(await auth.tokens.verify(login.accessToken)).toEqual({ refused: 'revoked' });
    const seen = await audit.list({ action: 'auth.refresh', outcome: 'refused', limit: 10 });
    expect(seen.map(({ details }) => details.reason)).toContain('token used twice');
  });

  test('used twice at the same moment give at most one new pair, and end the login', async () => {
    const { auth, login } = await loggedIn();
    const results = await Promise.allSettled([
      auth.refresh(login.refreshToken),
      auth.refresh(login.refreshToken),
    ]);
    const renewed = results.filter((result) => result.status === 'fulfilled');
    expect(renewed).toHaveLength(1);
    expect(await code(auth.refresh(renewed[0]!.value.refreshToken))).toBe('invalid_token');
  });

  test('end twelve hours after the login, and access tokens with them', async () => {
    const { auth, login, clock } = await loggedIn();
    clock.advance(11 * 3_600_000 + 50 * 60_000);
    const next = await auth.refresh(login.refreshToken);
    expect(next.expiresAt - clock.now()).toBe(10 * 60_000);
    clock.advance(10 * 60_000);
    expect(await code(auth.refresh(next.refreshToken))).toBe('invalid_token');
  });

  test('are void after logout, as is the access token', async () => {
    const { auth, login } = await loggedIn();
    const identity = await auth.tokens.verify(login.accessToken);
    if ('refused' in identity) throw new Error('token refused');
    await auth.logout({ refreshToken: login.refreshToken, access: identity });
    expect(await code(auth.refresh(login.refreshToken))).toBe('invalid_token');
    expect(await auth.tokens.verify(login.accessToken)).toEqual({ refused: 'revoked' });
  });

  test('of somebody else are not ended by a logout', async () => {
    const { auth, login } = await loggedIn();
    await auth.createUser({ username: 'ann', roles: ['auditor'], password: PASSWORD }, 'root');
    const ann = await auth.login({ username: 'ann', password: PASSWORD }, HERE);
    const identity = await auth.tokens.verify(ann.accessToken);
    if ('refused' in identity) throw new Error('token refused');
    await auth.logout({ refreshToken: login.refreshToken, access: identity });
    expect(await code(auth.refresh(login.refreshToken))).toBe('ok');
  });

  test('are void once the user is disabled, or has another password or other roles', async () => {
    const { auth } = await loggedIn();
    const changes = [
      { state: 'disabled' },
      { password: 'another long password' },
      { roles: ['auditor', 'coordinator'] },
    ] as const;
    for (const [index, change] of changes.entries()) {
      const username = `user${index}`;
      await auth.createUser({ username, roles: ['auditor'], password: PASSWORD }, 'root');
      const { refreshToken } = await auth.login({ username, password: PASSWORD }, HERE);
      await auth.patchUser(username, change, 'root');
      expect(await code(auth.refresh(refreshToken))).toBe('invalid_token');
    }
  });

  test('are refused unless they were issued', async () => {
    const { auth } = await loggedIn();
    for (const token of ['', 'x', 'A'.repeat(43)]) {
      expect(await code(auth.refresh(token))).toBe('invalid_token');
    }
  });
});
