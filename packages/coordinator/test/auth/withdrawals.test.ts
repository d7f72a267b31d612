import { describe, expect, test } from 'vitest';
import type { Identity, Revoked } from '../../src/auth/index.ts';
import { type Fixture, HERE, openFixture, PASSWORD, setUpAdmin } from './support.ts';

const ROOT = { username: 'root', password: PASSWORD };

async function open(): Promise<Fixture & { told: Revoked[] }> {
  const told: Revoked[] = [];
  const fixture = await openFixture({ onRevoked: (revoked) => told.push(revoked) });
  await setUpAdmin(fixture);
  await fixture.auth.createUser({ username: 'ann', roles: ['participant'] }, 'root');
  return { ...fixture, told };
}

async function identityOf({ auth }: Fixture, token: string): Promise<Identity> {
  const identity = await auth.tokens.verify(token);
  if ('refused' in identity) throw new Error(identity.refused);
  return identity;
}

const entries = async ({ audit }: Fixture, action: string) =>
  (await audit.list({ action, limit: 100 })).map(({ actor, subject, outcome }) => ({
    actor,
    subject,
    outcome,
  }));

describe('tokens for programs', () => {
  test('Y-8: are withdrawn under the name of their own user only', async () => {
    const fixture = await open();
    const { auth, told } = fixture;
    const request = { username: 'ann', lifetime: 3_600_000, actor: 'root' };
    const [first, second] = [await auth.issueToken(request), await auth.issueToken(request)];
    const { tokenId } = first;
    for (const username of ['root', 'nobody']) {
      await expect(auth.revokeToken({ username, tokenId, actor: 'root' })).rejects.toMatchObject({
        code: 'unknown_token',
      });
    }
    expect(await auth.tokens.verify(first.token)).toMatchObject({ username: 'ann' });
    expect([told, await entries(fixture, 'user.token_revoke')]).toEqual([[], []]);
    await auth.revokeToken({ username: 'ann', tokenId, actor: 'root' });
    expect(await auth.tokens.verify(first.token)).toEqual({ refused: 'revoked' });
    expect(await auth.tokens.verify(second.token)).toMatchObject({ username: 'ann' });
    expect(told).toEqual([{ username: 'ann', tokenId }]);
    expect(await entries(fixture, 'user.token_revoke')).toEqual([
      { actor: 'root', subject: 'ann', outcome: 'ok' },
    ]);
  });

  test('Y-8: are listed with who made them and what became of them, never themselves', async () => {
    const fixture = await open();
    const { auth, clock, database } = fixture;
    const request = { username: 'ann', lifetime: 3_600_000, actor: 'root' };
    const first = await auth.issueToken(request);
    clock.advance(1_000);
    const second = await auth.issueToken({ ...request, lifetime: 7_200_000 });
    await auth.revokeToken({ username: 'ann', tokenId: first.tokenId, actor: 'root' });
    const list = () => database.read((tx) => auth.listTokens(tx, 'ann', 10));
    expect(await list()).toEqual([
      {
        tokenId: second.tokenId,
        username: 'ann',
        issuedBy: 'root',
        issuedAt: clock.now(),
        expiresAt: second.expiresAt,
      },
      {
        tokenId: first.tokenId,
        username: 'ann',
        issuedBy: 'root',
        issuedAt: clock.now() - 1_000,
        expiresAt: first.expiresAt,
        withdrawnAt: clock.now(),
      },
    ]);
    expect(JSON.stringify(await list())).not.toContain(first.token);
    clock.advance(3_600_001);
    await auth.login(ROOT, HERE);
    expect((await list()).map(({ tokenId }) => tokenId)).toEqual([second.tokenId]);
  });
});

describe('logins', () => {
  test('Y-8: are listed, and ended one by one with their tokens', async () => {
    const fixture = await open();
    const { auth, database, told } = fixture;
    const [first, second] = [await auth.login(ROOT, HERE), await auth.login(ROOT, HERE)];
    const { loginId = '' } = await identityOf(fixture, first.accessToken);
    await expect(auth.endLogin({ username: 'ann', loginId, actor: 'root' })).rejects.toMatchObject({
      code: 'unknown_login',
    });
    expect(told).toEqual([]);
    await auth.endLogin({ username: 'root', loginId, actor: 'root' });
    expect(await auth.tokens.verify(first.accessToken)).toEqual({ refused: 'revoked' });
    await expect(auth.refresh(first.refreshToken)).rejects.toMatchObject({ code: 'invalid_token' });
    expect(await auth.tokens.verify(second.accessToken)).toMatchObject({ username: 'root' });
    expect(told).toEqual([{ username: 'root', loginId }]);
    const logins = await database.read((tx) => auth.listLogins(tx, 'root', 10));
    expect(new Set(logins.map(({ ended }) => ended))).toEqual(new Set(['withdrawn', undefined]));
    expect(await entries(fixture, 'user.login_end')).toEqual([
      { actor: 'root', subject: 'root', outcome: 'ok' },
    ]);
  });

  test('Y-8: are told as void when a refresh token is used twice', async () => {
    const fixture = await open();
    const { auth, told } = fixture;
    const login = await auth.login(ROOT, HERE);
    const { loginId } = await identityOf(fixture, login.accessToken);
    const next = await auth.refresh(login.refreshToken);
    expect(told).toEqual([]);
    await expect(auth.refresh(login.refreshToken)).rejects.toMatchObject({ code: 'invalid_token' });
    expect(told).toEqual([{ username: 'root', loginId }]);
    expect(await auth.tokens.verify(next.accessToken)).toEqual({ refused: 'revoked' });
  });

  test('Y-8: end with the logout of any of their access tokens', async () => {
    const fixture = await open();
    const { auth, told } = fixture;
    const login = await auth.login(ROOT, HERE);
    const next = await auth.refresh(login.refreshToken);
    const access = await identityOf(fixture, next.accessToken);
    await auth.logout({ refreshToken: undefined, access });
    for (const token of [login.accessToken, next.accessToken]) {
      expect(await auth.tokens.verify(token)).toEqual({ refused: 'revoked' });
    }
    await expect(auth.refresh(next.refreshToken)).rejects.toMatchObject({ code: 'invalid_token' });
    const { tokenId, loginId } = access;
    expect(told).toEqual([
      { username: 'root', tokenId },
      { username: 'root', loginId },
    ]);
  });

  test('Y-8: of somebody else are not ended by a logout that names their refresh token', async () => {
    const fixture = await open();
    const { auth } = fixture;
    await auth.createUser({ username: 'eve', roles: ['auditor'], password: PASSWORD }, 'root');
    const root = await auth.login(ROOT, HERE);
    const eve = await auth.login({ username: 'eve', password: PASSWORD }, HERE);
    const access = await identityOf(fixture, eve.accessToken);
    await auth.logout({ refreshToken: root.refreshToken, access });
    expect(await auth.tokens.verify(root.accessToken)).toMatchObject({ username: 'root' });
    await expect(auth.refresh(root.refreshToken)).resolves.toBeDefined();
    expect(await entries(fixture, 'auth.logout')).toEqual([
      { actor: 'eve', subject: 'eve', outcome: 'ok' },
    ]);
  });
});
