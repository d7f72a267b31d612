import { describe, expect, test } from 'vitest';
import { CHEAP, type Fixture, openFixture, PASSWORD, setUpAdmin } from './support.ts';

const actions = async ({ audit }: Fixture, action: string) =>
  (await audit.list({ action, limit: 100 })).map(({ subject, outcome, details }) => ({
    subject,
    outcome,
    ...details,
  }));

describe('setup', () => {
  test('1.9.12 makes the first administrator once, with the printed token only', async () => {
    const fixture = await openFixture();
    const { auth, database } = fixture;
    const first = await auth.makeSetupToken();
    const token = await auth.makeSetupToken();
    const request = { username: 'root', password: PASSWORD };
    for (const wrong of [first ?? '', '', `${token}x`]) {
      await expect(auth.setUp({ ...request, token: wrong })).rejects.toMatchObject({
        code: 'invalid_token',
      });
    }
    const rows = await database.read((tx) => tx.all('SELECT * FROM setup_token', []));
    expect(JSON.stringify(rows)).not.toContain(token);
    expect(await auth.setUp({ ...request, token: token ?? '' })).toMatchObject({
      username: 'root',
      roles: ['admin'],
    });
    await expect(
      auth.setUp({ token: token ?? '', username: 'second', password: PASSWORD }),
    ).rejects.toMatchObject({ code: 'setup_done' });
    expect(await auth.makeSetupToken()).toBeUndefined();
  });

  test('1.9.12 there is no user and no password before it', async () => {
    const { auth, database } = await openFixture();
    expect(await database.read((tx) => auth.users.list(tx, '', 10))).toEqual([]);
    for (const username of ['admin', 'root', 'quorate']) {
      await expect(auth.login(username, username)).rejects.toMatchObject({
        code: 'invalid_credentials',
      });
    }
  });

  test('two at the same time make one administrator', async () => {
    const { auth, database } = await openFixture();
    const token = (await auth.makeSetupToken()) ?? '';
    const results = await Promise.allSettled(
      ['one', 'two'].map((username) => auth.setUp({ token, username, password: PASSWORD })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await database.read((tx) => auth.users.list(tx, '', 10))).toHaveLength(1);
  });

  test('a weak password does not spend the token', async () => {
    const { auth } = await openFixture();
    const token = (await auth.makeSetupToken()) ?? '';
    for (const password of ['short', 'a'.repeat(20), 'administrator', 'x'.repeat(5000)]) {
      await expect(
        auth.setUp({ token, username: 'administrator', password }),
      ).rejects.toMatchObject({ code: 'weak_password' });
    }
    await expect(
      auth.setUp({ token, username: 'root', password: PASSWORD }),
    ).resolves.toBeDefined();
  });
});

describe('login', () => {
  test('J-7 answers an unknown user, a wrong password, a disabled user and one without a password alike', async () => {
    const fixture = await openFixture();
    await setUpAdmin(fixture);
    const { auth } = fixture;
    await auth.createUser({ username: 'off', roles: ['auditor'], password: PASSWORD }, 'root');
    await auth.patchUser('off', { state: 'disabled' }, 'root');
    await auth.createUser({ username: 'machine', roles: ['participant'] }, 'root');
    const attempts = [
      ['nobody', PASSWORD],
      ['root', 'wrong horse battery'],
      ['off', PASSWORD],
      ['machine', PASSWORD],
      ['machine', ''],
    ] as const;
    const answers = await Promise.all(
      attempts.map(([username, password]) =>
        auth.login(username, password).catch((error: unknown) => error),
      ),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toHaveLength(1);
    for (const answer of answers) {
      expect(answer).toMatchObject({
        name: 'Refusal',
        code: 'invalid_credentials',
        message: 'username or password is wrong',
      });
    }
  });

  test('is audited, and what was typed as an unknown name is not kept', async () => {
    const fixture = await openFixture();
    await setUpAdmin(fixture);
    await fixture.auth.login('root', PASSWORD);
    await fixture.auth.login('root', 'wrong').catch(() => undefined);
    await fixture.auth.login('hunter2 is my password', 'x').catch(() => undefined);
    expect(await actions(fixture, 'auth.login')).toEqual([
      { subject: '', outcome: 'refused', reason: 'unknown user' },
      { subject: 'root', outcome: 'refused', reason: 'wrong password' },
      { subject: 'root', outcome: 'ok' },
    ]);
  });

  test('has to wait longer and longer after five failures, whether the user exists or not', async () => {
    const fixture = await openFixture();
    await setUpAdmin(fixture);
    const { auth, clock } = fixture;
    const attempt = (username: string, password: string) =>
      auth.login(username, password).then(
        () => 'ok',
        (error: { code: string }) => error.code,
      );
    for (const username of ['root', 'nobody']) {
      for (let failure = 0; failure < 5; failure += 1) {
        expect(await attempt(username, 'wrong')).toBe('invalid_credentials');
      }
      expect(await attempt(username, PASSWORD)).toBe('rate_limited');
    }
    clock.advance(1_000);
    expect(await attempt('root', 'wrong')).toBe('invalid_credentials');
    clock.advance(1_000);
    expect(await attempt('root', PASSWORD)).toBe('rate_limited');
    clock.advance(1_000);
    expect(await attempt('root', PASSWORD)).toBe('ok');
    expect(await attempt('root', 'wrong')).toBe('invalid_credentials');
    expect(await attempt('root', PASSWORD)).toBe('ok');
  });

  test('counts guesses that are made at the same time', async () => {
    const fixture = await openFixture();
    await setUpAdmin(fixture);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        fixture.auth.login('root', 'wrong').catch((error: { code: string }) => error.code),
      ),
    );
    expect(answers.filter((code) => code === 'rate_limited')).toHaveLength(3);
  });

  test('stores the password again when the configured cost has changed', async () => {
    const fixture = await openFixture({ cost: { ...CHEAP, p: 2 } });
    await setUpAdmin(fixture);
    const { createAuth } = await import('../../src/auth/index.ts');
    const { database, audit, clock, directory } = fixture;
    const keys = { keyFile: `${directory}/keys/jwt.pem` };
    const later = await createAuth({ database, audit, clock, keys, cost: CHEAP });
    const stored = async () =>
      (await database.read((tx) => tx.get<{ password: string }>('SELECT password FROM users', [])))
        ?.password;
    expect(await stored()).toMatch(/^scrypt\$32768\$8\$2\$/);
    await later.login('root', PASSWORD);
    expect(await stored()).toMatch(/^scrypt\$32768\$8\$1\$/);
    await expect(later.login('root', PASSWORD)).resolves.toBeDefined();
  });

  test('refuses a configured cost below the floor', async () => {
    await expect(openFixture({ cost: { N: 2 ** 14, r: 8, p: 1 } })).rejects.toThrow(/below/);
  });
});

describe('refresh tokens', () => {
  async function loggedIn() {
    const fixture = await openFixture();
    await setUpAdmin(fixture);
    return { ...fixture, login: await fixture.auth.login('root', PASSWORD) };
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
    const { auth, login, ...fixture } = await loggedIn();
    const next = await auth.refresh(login.refreshToken);
    expect(next.refreshToken).not.toBe(login.refreshToken);
    expect(await auth.tokens.verify(next.accessToken)).toMatchObject({ username: 'root' });
    expect(await code(auth.refresh(login.refreshToken))).toBe('invalid_token');
    expect(await code(auth.refresh(next.refreshToken))).toBe('invalid_token');
    expect(await auth.tokens.verify(next.accessToken)).toEqual({ refused: 'revoked' });
    expect(await auth.tokens.verify(login.accessToken)).toEqual({ refused: 'revoked' });
    expect(await actions({ auth, ...fixture }, 'auth.refresh')).toContainEqual({
      subject: 'root',
      outcome: 'refused',
      reason: 'token used twice',
    });
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
    const ann = await auth.login('ann', PASSWORD);
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
      const { refreshToken } = await auth.login(username, PASSWORD);
      await auth.patchUser(username, change, 'root');
      expect(await code(auth.refresh(refreshToken))).toBe('invalid_token');
    }
  });

  test('that were never given are refused', async () => {
    const { auth } = await loggedIn();
    for (const token of ['', 'x', 'A'.repeat(43)]) {
      expect(await code(auth.refresh(token))).toBe('invalid_token');
    }
  });
});

describe('users', () => {
  test('the last active administrator stays one', async () => {
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
    const login = await auth.login('root', PASSWORD);
    await auth.createUser({ username: 'ann', roles: ['auditor'], password: PASSWORD }, 'root');
    const { token } = await auth.issueToken({ username: 'ann', lifetime: 1e6, actor: 'root' });
    const tables = ['users', 'refresh_tokens', 'revoked_tokens', 'setup_token', 'audit_entries'];
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
    const told: string[] = [];
    const fixture = await openFixture({ onRevoked: (username) => told.push(username) });
    await setUpAdmin(fixture);
    const { auth } = fixture;
    await auth.createUser({ username: 'ann', roles: ['auditor'] }, 'root');
    expect(told).toEqual([]);
    await auth.patchUser('ann', { state: 'disabled' }, 'root');
    expect(told).toEqual(['ann']);
  });
});
