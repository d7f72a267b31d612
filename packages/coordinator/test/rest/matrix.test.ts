import { ROUTES } from '@quorate/wire';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openRest } from './support.ts';

const ROLES = ['admin', 'auditor', 'coordinator', 'participant'] as const;
const USERS = {
  admin: 'root',
  auditor: 'auditor',
  coordinator: 'coordinator',
  participant: 'participant',
};

const PARAMETERS: Record<string, string> = {
  username: 'nobody',
  token_id: 'x',
  se_id: 'nothing',
  address: `0x${'00'.repeat(20)}`,
  session_key: 'no-such-session',
  id: '00'.repeat(16),
};
const addressOf = (path: string) =>
  path.replace(/\{(\w+)\}/g, (_match, name: string) => PARAMETERS[name] ?? '');

describe('every route', () => {
  test('1.9.2 is reserved to its roles: 401 without a token, 403 with another role, never 403 with its own', async () => {
    const { call, audit, defects } = await openRest();
    let refusals = 0;
    for (const route of ROUTES) {
      const url = addressOf(route.path);
      // `{}` is refused by most routes, after and only after the caller was admitted.
      const body = route.body === undefined ? undefined : {};
      const anonymous = await call(undefined, route.method, url, body);
      if (route.roles === 'anyone') {
        expect([401, 403], `${route.method} ${url}`).not.toContain(anonymous.status);
        continue;
      }
      expect(anonymous, `${route.method} ${url}`).toMatchObject({
        status: 401,
        body: { code: 'unauthorised' },
      });
      expect(anonymous.headers['www-authenticate']).toMatch(/^Bearer/);
      // Everybody may log out, which ends the token that the other calls need.
      if (url === '/api/v1/auth/logout') continue;
      for (const role of ROLES) {
        const answer = await call(USERS[role], route.method, url, body);
        const allowed = route.roles.includes(role);
        if (!allowed) refusals += 1;
        expect(answer.body.code === 'forbidden', `${role} ${route.method} ${url}`).toBe(!allowed);
        expect(answer.status === 403, `${role} ${route.method} ${url}`).toBe(!allowed);
      }
    }
    expect(refusals).toBeGreaterThan(20);
    const seen = await audit.list({ action: 'rest.forbidden', limit: 500 });
    expect(seen).toHaveLength(refusals);
    expect(defects).toEqual([]);
  });

  test('X-1: forbidden requests of one user fill no log: the first of a minute, then their number', async () => {
    const { call, audit, clock } = await openRest();
    const ask = () => call(USERS.participant, 'GET', '/api/v1/users');
    for (let n = 0; n < 100; n += 1) expect(await ask()).toMatchObject({ status: 403 });
    const entries = () => audit.list({ action: 'rest.forbidden', limit: 500 });
    const subject = 'GET /api/v1/users';
    expect(await entries()).toMatchObject([{ subject, details: {} }]);
    clock.advance(60_000);
    await ask();
    const details = { code: subject, count: 99 };
    expect(await entries()).toMatchObject([{ subject }, { details }, { subject }]);
  });

  test('refuses garbled and foreign tokens alike, and says of its own one when it expired', async () => {
    const { app, tokenOf, clock } = await openRest();
    const good = await tokenOf('root');
    const get = async (authorization: string) => {
      const response = await app.inject({ url: '/api/v1/users', headers: { authorization } });
      return { status: response.statusCode, ...response.json() };
    };
    expect(await get(`Bearer ${good}`)).toMatchObject({ status: 200 });
    const bad = [`Bearer ${good.slice(0, -4)}AAAA`, `Bearer ${good.split('.')[0]}`, 'Bearer x.y.z'];
    const answers = await Promise.all(bad.map(get));
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toHaveLength(1);
    expect(answers[0]).toMatchObject({ status: 401, code: 'invalid_token' });
    clock.advance(3_600_000);
    const { detail, ...expired } = await get(`Bearer ${good}`);
    expect(expired).toMatchObject({ status: 401, code: 'invalid_token' });
    expect(detail).toContain('expired at');
    for (const other of [`Basic ${good}`, good, 'Bearer', '', `Bearer ${good} x`]) {
      expect(await get(other)).toMatchObject({ status: 401, code: 'unauthorised' });
    }
  });

  test('answers other methods with 405 and unknown addresses with 404, as problems', async () => {
    const { call } = await openRest();
    expect(await call('root', 'DELETE', '/api/v1/users')).toMatchObject({
      status: 405,
      body: { code: 'method_not_allowed' },
      headers: { allow: 'GET, POST' },
    });
    expect(await call('root', 'GET', '/api/v1/nothing')).toMatchObject({
      status: 404,
      body: { code: 'not_found', type: 'urn:quorate:error:not_found' },
    });
    const problem = await call(undefined, 'GET', '/api/v1/users');
    expect(problem.headers['content-type']).toMatch(/^application\/problem\+json/);
  });

  test('R-8 takes JSON only, of bounded size, with exactly its fields', async () => {
    const { app, tokenOf, defects } = await openRest();
    const authorization = `Bearer ${await tokenOf('root')}`;
    const post = async (type: string, payload: string) => {
      const headers = { authorization, 'content-type': type };
      const response = await app.inject({ method: 'POST', url: '/api/v1/users', headers, payload });
      return response.json().code;
    };
    const user = { username: 'new', roles: ['participant'] };
    const good = JSON.stringify(user);
    const refused = ['text/plain', 'application/xml', 'application/x-www-form-urlencoded'];
    refused.push('multipart/form-data', 'application/jsonx', 'application/json-patch+json', 'x');
    for (const type of refused) expect(await post(type, good)).toBe('unsupported_media_type');
    const json = 'application/json';
    expect(await post(json, JSON.stringify({ ...user, x: 'y'.repeat(70_000) }))).toBe(
      'payload_too_large',
    );
    const payload = 'x'.repeat(70_000);
    const headers = { authorization, 'content-type': json };
    const large = await app.inject({ method: 'POST', url: '/api/v1/users', headers, payload });
    expect(large.json().detail).toBe('expected a body of at most 65536 bytes, got 70000');
    const invalid = [
      '',
      '{',
      'null',
      '[]',
      '"x"',
      JSON.stringify({ ...user, admin: true }),
      JSON.stringify({ ...user, roles: ['root'] }),
      JSON.stringify({ ...user, roles: [] }),
      JSON.stringify({ ...user, username: 'a\u0000b' }),
      JSON.stringify({ ...user, username: 'a\u202eb' }),
      JSON.stringify({ ...user, username: 'x'.repeat(65) }),
      good.replace('{', '{"__proto__":{"roles":["admin"]},'),
    ];
    for (const body of invalid) expect(await post(json, body), body).toBe('invalid_request');
    expect(defects).toEqual([]);
  });

  test('W-4: refuses a body with a key twice, and makes nobody an administrator by it', async () => {
    const { app, call, tokenOf } = await openRest();
    const headers = {
      authorization: `Bearer ${await tokenOf('root')}`,
      'content-type': 'application/json',
    };
    const payload = '{"username":"new","roles":["participant"],\n "roles":["admin"]}';
    const response = await app.inject({ method: 'POST', url: '/api/v1/users', headers, payload });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({
      code: 'invalid_request',
      detail: 'the body: line 2, column 2: duplicate key "roles"',
    });
    const { body } = await call('root', 'GET', '/api/v1/users');
    expect(JSON.stringify(body)).not.toContain('"new"');
    const invalid = Buffer.from('{"username":"n\xffw","roles":["participant"]}', 'latin1');
    const bytes = await app.inject({
      method: 'POST',
      url: '/api/v1/users',
      headers,
      payload: invalid,
    });
    expect(bytes.json()).toMatchObject({ detail: 'the body: expected UTF-8' });
  });

  test('refuses queries that it does not know', async () => {
    const { call } = await openRest();
    const urls = ['/api/v1/users?admin=1', '/api/v1/users?limit=0', '/api/v1/users?limit=9999'];
    urls.push(
      '/api/v1/audit?before=-1',
      '/api/v1/sessions?state=x',
      '/api/v1/authorisation-key?x=1',
    );
    for (const url of urls) {
      expect(await call('root', 'GET', url), url).toMatchObject({ status: 400 });
    }
  });

  test('carries headers that keep answers out of caches and frames', async () => {
    const { call } = await openRest();
    for (const url of ['/api/v1/users', '/healthz', '/api/v1/nothing']) {
      expect((await call('root', 'GET', url)).headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
    }
  });

  test('has a schema of what it answers, and answers it', async () => {
    const { call } = await openRest();
    const lists = ROUTES.filter((route) => route.method === 'GET' && route.params === undefined);
    for (const route of lists) {
      if (!(route.answer instanceof z.ZodType)) continue;
      const answer = await call('root', 'GET', route.path);
      expect(answer.status, route.path).toBe(route.status);
      expect(
        () => route.answer instanceof z.ZodType && route.answer.parse(answer.body),
      ).not.toThrow();
    }
  });
});
