import { LoginAnswer, TokenAnswer, UserAnswer, UserList } from '@quorate/wire';
import { describe, expect, test } from 'vitest';
import { openFixture, PASSWORD } from '../auth/support.ts';
import { openRest, serve } from './support.ts';

describe('setup over REST', () => {
  test('1.9.12 makes the first administrator, who can then log in', async () => {
    const fixture = await openFixture();
    const { call } = await serve(fixture);
    const token = await fixture.auth.makeSetupToken();
    const body = { token, username: 'root', password: PASSWORD };
    const url = '/api/v1/setup';
    expect(await call(undefined, 'POST', url, { ...body, token: 'x' })).toMatchObject({
      status: 401,
    });
    const weak = await call(undefined, 'POST', url, { ...body, password: 'short' });
    expect(weak).toMatchObject({ status: 400, body: { code: 'weak_password' } });
    const made = await call(undefined, 'POST', url, body);
    expect(made.status).toBe(201);
    expect(UserAnswer.parse(made.body)).toMatchObject({ username: 'root', roles: ['admin'] });
    expect(await call(undefined, 'POST', url, { ...body, username: 'two' })).toMatchObject({
      status: 409,
      body: { code: 'setup_done' },
    });
    const credentials = { username: 'root', password: PASSWORD };
    const login = LoginAnswer.parse(
      (await call(undefined, 'POST', '/api/v1/auth/login', credentials)).body,
    );
    expect(login.roles).toEqual(['admin']);
  });

  test('R-8 cannot be guessed: 60 attempts a minute from one address', async () => {
    const fixture = await openFixture();
    const { call } = await serve(fixture);
    const body = { token: 'x', username: 'root', password: PASSWORD };
    const codes = [];
    for (let attempt = 0; attempt < 61; attempt += 1) {
      codes.push((await call(undefined, 'POST', '/api/v1/setup', body)).body.code);
    }
    expect(codes.slice(0, 60)).toEqual(Array(60).fill('invalid_token'));
    expect(codes[60]).toBe('rate_limited');
    const limited = await call(undefined, 'POST', '/api/v1/auth/login', {
      username: 'a',
      password: 'b',
    });
    expect(limited).toMatchObject({ status: 429, headers: { 'retry-after': '60' } });
    const refresh = { refresh_token: 'x' };
    expect((await call(undefined, 'POST', '/api/v1/auth/refresh', refresh)).body.code).toBe(
      'invalid_token',
    );
    fixture.clock.advance(60_000);
    expect((await call(undefined, 'POST', '/api/v1/setup', body)).body.code).toBe('invalid_token');
  });
});

describe('login over REST', () => {
  test('J-7 five causes of failure have one answer, byte for byte', async () => {
    const { call, auth } = await openRest();
    await auth.createUser({ username: 'machine', roles: ['participant'] }, 'root');
    await auth.patchUser('用户2', { state: 'disabled' }, 'root');
    const attempts = [
      { username: 'nobody', password: PASSWORD },
      { username: 'root', password: 'wrong horse battery' },
      { username: 'root', password: 'x' },
      { username: '用户2', password: PASSWORD },
      { username: 'machine', password: PASSWORD },
    ];
    const answers = [];
    for (const attempt of attempts) {
      const { status, text } = await call(undefined, 'POST', '/api/v1/auth/login', attempt);
      answers.push(`${status} ${text}`);
    }
    expect(new Set(answers)).toHaveLength(1);
    expect(answers[0]).toMatch(/^401 .*invalid_credentials/);
  });

  test('gives tokens that refresh and end', async () => {
    const { call, app } = await openRest();
    const post = (path: string, body: unknown) =>
      call(undefined, 'POST', `/api/v1/auth/${path}`, body);
    const credentials = { username: 'auditor', password: PASSWORD };
    const login = LoginAnswer.parse((await post('login', credentials)).body);
    const next = LoginAnswer.parse(
      (await post('refresh', { refresh_token: login.refresh_token })).body,
    );
    const headers = {
      authorization: `Bearer ${next.access_token}`,
      'content-type': 'application/json',
    };
    const logout = await app.inject({
      method: 'POST',
      url: '/api/v1/auth/logout',
      headers,
      payload: JSON.stringify({ refresh_token: next.refresh_token }),
    });
    expect(logout.json()).toEqual({ success: true });
    const after = await app.inject({
      url: '/api/v1/audit',
      headers: { authorization: headers.authorization },
    });
    expect(after.statusCode).toBe(401);
    expect(await post('refresh', { refresh_token: next.refresh_token })).toMatchObject({
      status: 401,
      body: { code: 'invalid_token' },
    });
  });

  test('Y-9: a place that guessed too often is told how long to wait', async () => {
    const { call } = await openRest();
    const login = (password: string) =>
      call(undefined, 'POST', '/api/v1/auth/login', { username: 'root', password });
    for (let guess = 0; guess < 5; guess += 1) await login('wrong horse battery');
    expect(await login(PASSWORD)).toMatchObject({
      status: 429,
      headers: { 'retry-after': '1' },
      body: { code: 'rate_limited', detail: 'too many failed logins; try again in 1 seconds' },
    });
  });

  test('Y-6: says of a signed token why it is not taken, of another only that it is not', async () => {
    const { auth, clock, app } = await openRest();
    const lifetime = 60_000;
    const { token } = await auth.issueToken({ username: 'root', lifetime, actor: 'root' });
    const detail = async (sent: string): Promise<unknown> => {
      const headers = { authorization: `Bearer ${sent}` };
      return (await app.inject({ url: '/api/v1/keys', headers })).json().detail;
    };
    clock.advance(lifetime);
    expect(await detail(token)).toMatch(/^expired at /);
    expect(await detail(`${token.slice(0, -8)}AAAAAAAA`)).toBe('log in again');
  });

  test('speaks the language of the deployment, with the same code', async () => {
    const fixture = await openFixture();
    const { call } = await serve(fixture, { language: 'zh-CN' });
    const body = { username: 'a', password: 'b' };
    expect((await call(undefined, 'POST', '/api/v1/auth/login', body)).body).toMatchObject({
      code: 'invalid_credentials',
      title: '用户名或密码错误',
    });
  });
});

describe('users over REST', () => {
  test('are added, listed by page, changed, and never shown with a password', async () => {
    const { call } = await openRest();
    const body = { username: 'ann', roles: ['participant'], password: 'ann has a password' };
    const added = await call('root', 'POST', '/api/v1/users', body);
    expect(added.status).toBe(201);
    expect(UserAnswer.parse(added.body)).toMatchObject({ has_password: true });
    const first = UserList.parse((await call('root', 'GET', '/api/v1/users?limit=2')).body);
    expect(first.users).toHaveLength(2);
    const after = encodeURIComponent(first.next ?? '');
    const rest = UserList.parse((await call('root', 'GET', `/api/v1/users?after=${after}`)).body);
    expect(rest.next).toBeUndefined();
    const names = [...first.users, ...rest.users].map(({ username }) => username);
    expect(names).toEqual(['ann', 'auditor', 'coordinator', 'participant', 'root', '用户2']);
    expect(JSON.stringify([first, rest])).not.toMatch(/scrypt|password"?:"/);
    const url = `/api/v1/users/${encodeURIComponent('用户2')}`;
    expect((await call('root', 'PATCH', url, { state: 'disabled' })).body.state).toBe('disabled');
    expect(await call('root', 'PATCH', url, {})).toMatchObject({ status: 400 });
    expect(await call('root', 'PATCH', '/api/v1/users/no', { state: 'active' })).toMatchObject({
      status: 404,
    });
  });

  test('1.9.12 cannot make themselves administrator', async () => {
    const { call, database, auth } = await openRest();
    const wishes = [
      ['POST', '/api/v1/users', { username: 'eve', roles: ['admin'], password: PASSWORD }],
      ['PATCH', '/api/v1/users/participant', { roles: ['admin'] }],
      ['POST', '/api/v1/users/root/tokens', { expires_in: 60 }],
      ['POST', '/api/v1/setup', { token: 'x', username: 'eve', password: PASSWORD }],
      [
        'POST',
        '/api/v1/auth/login',
        { username: 'participant', password: PASSWORD, roles: ['admin'] },
      ],
    ] as const;
    for (const role of ['participant', 'coordinator', 'auditor']) {
      for (const [method, url, body] of wishes) {
        expect((await call(role, method, url, body)).status).toBeGreaterThanOrEqual(400);
      }
    }
    const users = await database.read((tx) => auth.users.list(tx, '', 100));
    expect(
      users.filter(({ roles }) => roles.includes('admin')).map(({ username }) => username),
    ).toEqual(['root']);
  });

  test('get tokens for machines from administrators, for at most 30 days, that can be voided', async () => {
    const { call, app } = await openRest();
    const url = '/api/v1/users/participant/tokens';
    expect(await call('root', 'POST', url, { expires_in: 30 * 86_400 + 1 })).toMatchObject({
      status: 400,
    });
    expect(await call('root', 'POST', url, { expires_in: 0 })).toMatchObject({ status: 400 });
    const made = await call('root', 'POST', url, { expires_in: 30 * 86_400 });
    expect(made.status).toBe(201);
    const token = TokenAnswer.parse(made.body);
    const use = async () => {
      const authorization = `Bearer ${token.token}`;
      return (await app.inject({ url: '/api/v1/chips', headers: { authorization } })).statusCode;
    };
    expect(await use()).toBe(200);
    expect(await call('root', 'DELETE', `${url}/${token.token_id}`)).toMatchObject({ status: 200 });
    expect(await use()).toBe(401);
  });
});
