import { describe, expect, test } from 'vitest';
import { fillDisk } from '../support/fullDisk.ts';
import { type Fixture, openFixture, PASSWORD, setUpAdmin, HERE } from './support.ts';

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
    const left = await database.read((tx) => tx.all('SELECT * FROM setup_token', []));
    expect(left).toEqual([]);
    expect(await auth.makeSetupToken()).toBeUndefined();
  });

  test('1.9.12 there is no user and no password before it', async () => {
    const { auth, database } = await openFixture();
    expect(await database.read((tx) => auth.users.list(tx, '', 10))).toEqual([]);
    for (const username of ['admin', 'root', 'quorate']) {
      await expect(auth.login({ username, password: username }, HERE)).rejects.toMatchObject({
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
        auth.login({ username, password }, HERE).catch((error: unknown) => error),
      ),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toHaveLength(1);
    for (const answer of answers) {
      expect(answer).toMatchObject({
        name: 'RequestError',
        code: 'invalid_credentials',
        message: 'username or password is wrong',
      });
    }
  });

  test('is audited, and what was typed as an unknown name is not kept', async () => {
    const fixture = await openFixture();
    await setUpAdmin(fixture);
    await fixture.auth.login({ username: 'root', password: PASSWORD }, HERE);
    await fixture.auth.login({ username: 'root', password: 'wrong' }, HERE).catch(() => undefined);
    await fixture.auth
      .login({ username: 'hunter2 is my password', password: 'x' }, HERE)
      .catch(() => undefined);
    expect(await actions(fixture, 'auth.login')).toEqual([
      { subject: '', outcome: 'refused', reason: 'unknown user', remote: HERE.address },
      { subject: 'root', outcome: 'refused', reason: 'wrong password', remote: HERE.address },
      { subject: 'root', outcome: 'ok', login_id: expect.any(String), remote: HERE.address },
    ]);
  });

  test('has to wait longer and longer after five failures, whether the user exists or not', async () => {
    const fixture = await openFixture();
    await setUpAdmin(fixture);
    const { auth, clock } = fixture;
    const attempt = (username: string, password: string) =>
      auth.login({ username, password }, HERE).then(
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

  test.each([-3_600_000, 3_600_000])(
    'X-10: waits as long when the wall clock is set by %i ms, no longer and no shorter',
    async (by) => {
      const fixture = await openFixture();
      await setUpAdmin(fixture);
      const { auth, clock } = fixture;
      for (let failure = 0; failure < 5; failure += 1) {
        await expect(
          auth.login({ username: 'root', password: 'wrong' }, HERE),
        ).rejects.toMatchObject({
          code: 'invalid_credentials',
        });
      }
      clock.step(by);
      clock.advance(999);
      await expect(
        auth.login({ username: 'root', password: PASSWORD }, HERE),
      ).rejects.toMatchObject({ code: 'rate_limited' });
      clock.advance(1);
      expect(await auth.login({ username: 'root', password: PASSWORD }, HERE)).toMatchObject({
        username: 'root',
      });
    },
  );

  test('X-6: a full disk locks out nobody who knows the password', async () => {
    const fixture = await openFixture();
    await setUpAdmin(fixture);
    const { auth, database } = fixture;
    const logIn = () =>
      auth.login({ username: 'root', password: PASSWORD }, HERE).then(
        () => 'ok',
        (error: { code: string }) => error.code,
      );
    const makeRoom = await fillDisk(database);
    // Small rows may fit into pages that are there already.
    for (let failures = 0; failures < 8; ) {
      const code = await logIn();
      expect(code).toMatch(/^(ok|store\/unavailable)$/);
      if (code !== 'ok') failures += 1;
    }
    await makeRoom();
    expect(await logIn()).toBe('ok');
  });

  test('counts guesses that are made at the same time', async () => {
    const fixture = await openFixture();
    await setUpAdmin(fixture);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        fixture.auth
          .login({ username: 'root', password: 'wrong' }, HERE)
          .catch((error: { code: string }) => error.code),
      ),
    );
    expect(answers.filter((code) => code === 'rate_limited')).toHaveLength(3);
  });

  test('stores the password again when the configured cost has changed', async () => {
    const cost = { N: 2 ** 15, r: 8, p: 1 };
    const fixture = await openFixture({ cost: { ...cost, p: 2 } });
    await setUpAdmin(fixture);
    const { createAuth } = await import('../../src/auth/index.ts');
    const { database, audit, clock, directory } = fixture;
    const keys = { keyFile: `${directory}/keys/jwt.pem` };
    const later = await createAuth({ database, audit, clock, keys, cost });
    const stored = async () =>
      (await database.read((tx) => tx.get<{ password: string }>('SELECT password FROM users', [])))
        ?.password;
    expect(await stored()).toMatch(/^scrypt\$32768\$8\$2\$/);
    await later.login({ username: 'root', password: PASSWORD }, HERE);
    expect(await stored()).toMatch(/^scrypt\$32768\$8\$1\$/);
    await expect(
      later.login({ username: 'root', password: PASSWORD }, HERE),
    ).resolves.toBeDefined();
  });

  test('refuses a configured cost below the floor', async () => {
    await expect(openFixture({ cost: { N: 2 ** 14, r: 8, p: 1 } })).rejects.toThrow(/below/);
  });
});
