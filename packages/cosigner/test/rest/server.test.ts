import { COSIGNER_CODES, COSIGNER_ROUTES, TwoPartySessionList } from '@quorate/wire';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { loadCosignerConfig, makeToken } from '../../src/index.ts';
import { type Pair, startPair } from '../support/pair.ts';
import { makeStores, removeStores } from '../support/stores.ts';

const ID = '0123456789abcdef0123456789abcdef';
/** q of secp256k1. */
const ORDER = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141';
describe('the REST interface', () => {
  let pair: Pair;
  let key: string;

  const request = async (
    path: string,
    body?: object | string,
    token?: string,
  ): Promise<Response> => {
    const { url } = pair.p1;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(token === ''
          ? {}
          : {
              authorization: `Bearer ${token ?? (await tokenOf(['operator', 'signer', 'approver', 'viewer']))}`,
            }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: text }),
    });
    return response;
  };
  const tokenOf = (roles: ('operator' | 'signer' | 'approver' | 'viewer')[]): Promise<string> =>
    makeToken(loadCosignerConfig(`${pair.directory}/enterprise.yaml`), { name: 'x', roles }, 60);
  const codeOf = async (response: Response): Promise<string> => {
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    return z.object({ code: z.string() }).parse(await response.json()).code;
  };
  const order = (more: object = {}): object => ({
    session_id: key,
    partner: 'mobile-app',
    message: 'x',
    ...more,
  });

  beforeAll(async () => {
    pair = await startPair(await makeStores(), {
      p1: { approval: 'prompt', max_sessions: 3 },
    });
    const made = await request('/api/v1/keygen/two-party', { partner: 'mobile-app', wait: 60 });
    key = z.object({ session_id: z.string() }).parse(await made.json()).session_id;
    await pair.p2.over(key);
  });

  afterAll(async () => {
    await pair.stop();
    removeStores(pair.directory);
  });

  test('a safe retry gives the same session, other content under its id is refused', async () => {
    const first = await request('/api/v1/sign/two-party', order({ request_id: 'r1', wait: 30 }));
    expect(first.status).toBe(200);
    const again = await request('/api/v1/sign/two-party', order({ request_id: 'r1', wait: 30 }));
    expect(await again.json()).toEqual(await first.json());
    const other = await request(
      '/api/v1/sign/two-party',
      order({ request_id: 'r1', message: 'y' }),
    );
    expect(other.status).toBe(409);
    expect(await codeOf(other)).toBe('request_conflict');
  });

  test('an answer that does not wait says where the session stands', async () => {
    const response = await request('/api/v1/sign/two-party', order());
    expect(response.status).toBe(202);
    const { session_id: id } = z.object({ session_id: z.string() }).parse(await response.json());
    expect((await pair.p1.over(id)).status).toBe('completed');
  });

  test('unknown partner, key and session are refused by name', async () => {
    const refusals: [string, object | undefined, string][] = [
      ['/api/v1/keygen/two-party', { partner: 'nobody' }, 'unknown_partner'],
      ['/api/v1/sign/two-party', order({ partner: 'nobody' }), 'unknown_partner'],
      ['/api/v1/refresh/two-party', { session_id: ID, partner: 'nobody' }, 'unknown_partner'],
      ['/api/v1/sign/two-party', order({ session_id: ID }), 'unknown_key'],
      ['/api/v1/refresh/two-party', { session_id: ID, partner: 'mobile-app' }, 'unknown_key'],
      [`/api/v1/sessions/${ID}`, undefined, 'unknown_session'],
      [`/api/v1/sessions/${ID}/approve`, {}, 'unknown_session'],
      [`/api/v1/sessions/${ID}/decline`, {}, 'unknown_session'],
      [`/api/v1/sessions/${key}/approve`, {}, 'not_awaiting_approval'],
      [`/api/v1/sessions/${key}/decline`, {}, 'not_awaiting_approval'],
    ];
    for (const [path, body, code] of refusals) {
      const response = await request(path, body);
      expect(response.status).toBe(COSIGNER_CODES[code as 'unknown_key'].http);
      expect(await codeOf(response)).toBe(code);
    }
  });

  test.each([
    ['a digest that is none', { hash: 'none', message: 'xyz' }],
    ['a digest of zeros', { hash: 'none', message: '0'.repeat(64) }],
    ['W-18: a digest of the group order', { hash: 'none', message: `0x${ORDER}` }],
    ['an unknown hash', { hash: 'md5' }],
    ['an empty message', { message: '' }],
    ['a message with NUL', { message: 'a\0b' }],
    ['a field that nobody knows', { path: [1] }],
    ['an id of another form', { session_id: '../../../etc/passwd' }],
  ])('%s is refused', async (_, more) => {
    const response = await request('/api/v1/sign/two-party', order(more));
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe('invalid_request');
  });

  test('W-2: the longest message is taken, however it is written', async () => {
    const longest = '\u{1f600}'.repeat(16 * 1024);
    for (const message of [longest, '\u0001'.repeat(16 * 1024)]) {
      const text = JSON.stringify(order({ message })).replaceAll(
        /[\ud800-\udfff]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16)}`,
      );
      expect((await request('/api/v1/sign/two-party', text)).status).toBe(202);
    }
    const longer = await request('/api/v1/sign/two-party', order({ message: `${longest}x` }));
    expect(await longer.json()).toMatchObject({
      detail: 'body: message: expected at most 16384 characters',
    });
  });

  test('W-4: a body with a key twice is refused, and nothing is signed', async () => {
    const twice = JSON.stringify(order({ message: 'pay 1' })).replace(
      '"message":"pay 1"',
      '"message":"pay 1","message":"pay 999"',
    );
    const response = await request('/api/v1/sign/two-party', twice);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      code: 'invalid_request',
      detail: expect.stringMatching(/^the body: line 1, column [0-9]+: duplicate key "message"$/),
    });
  });

  test('a body that is too large, no JSON, or of another type is refused', async () => {
    for (const path of ['keygen', 'sign', 'refresh'].map((name) => `/api/v1/${name}/two-party`)) {
      const large = await request(path, 'x'.repeat(300_000));
      expect(large.status).toBe(413);
      expect(await large.json()).toMatchObject({
        detail: 'expected a body of at most 262144 bytes, got 300000',
      });
      expect((await request(path, '{')).status).toBe(400);
      const typed = await fetch(`${pair.p1.url}${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await tokenOf(['operator', 'signer'])}`,
          'content-type': 'text/plain',
        },
        body: 'x',
      });
      expect(typed.status).toBe(415);
    }
  });

  test('no token, a wrong one and one without the role are told apart from each other', async () => {
    for (const { path, method, roles } of COSIGNER_ROUTES.filter(
      ({ roles }) => roles !== 'anyone',
    )) {
      const concrete = path.replace('{session_id}', ID);
      const body = method === 'POST' ? {} : undefined;
      expect((await request(concrete, body, '')).status).toBe(401);
      expect((await request(concrete, body, 'x.y.z')).status).toBe(401);
      const without = (['viewer', 'signer', 'approver', 'operator'] as const).filter(
        (role) => !roles.includes(role),
      );
      if (without.length === 0) continue;
      const response = await request(concrete, body, await tokenOf([...without]));
      expect(response.status).toBe(403);
    }
  });

  test('a token without a signature is refused', async () => {
    const [, body] = (await tokenOf(['viewer'])).split('.');
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`;
    expect((await request('/api/v1/keys', undefined, none)).status).toBe(401);
    const [head] = (await tokenOf(['viewer'])).split('.');
    expect((await request('/api/v1/keys', undefined, `${head}.${body}.`)).status).toBe(401);
  });

  test('an approval is asked for with text, hash and digest; what was looked at is what is approved', async () => {
    const asked = await pair.p2.sign(key, 'pay 7', { wait: 0 });
    const waiting = await pair.p1.until(
      () => pair.p1.request(`/api/v1/sessions/${asked.session_id}`).then((r) => r.json()),
      (view) =>
        z.looseObject({ status: z.string() }).safeParse(view).data?.status === 'awaiting_approval',
    );
    expect(waiting).toMatchObject({ message: 'pay 7', hash: 'eip191', digest: asked.digest });
    const approve = `/api/v1/sessions/${asked.session_id}/approve`;
    const wrong = await request(approve, { digest: `0x${'11'.repeat(32)}` });
    expect(wrong.status).toBe(409);
    expect(await codeOf(wrong)).toBe('digest_mismatch');
    const blind = await request(approve, {});
    expect(blind.status).toBe(400);
    expect(await codeOf(blind)).toBe('invalid_request');
    // Neither approved anything: it still waits.
    expect((await pair.p1.session(asked.session_id)).status).toBe('awaiting_approval');
    const right = await request(`/api/v1/sessions/${asked.session_id}/approve`, {
      digest: asked.digest,
    });
    expect(right.status).toBe(200);
    // Z-19: the answer is the state that holds.
    const { status } = z.looseObject({ status: z.string() }).parse(await right.json());
    expect(['created', 'running', 'completed']).toContain(status);
    expect((await pair.p2.over(asked.session_id)).status).toBe('completed');
  });

  test('a decline ends the session at both sides with its code', async () => {
    const asked = await pair.p2.sign(key, 'pay 8', { wait: 0 });
    const declined = await pair.p1.until(
      () => pair.p1.request(`/api/v1/sessions/${asked.session_id}/decline`, { reason: 'no' }),
      ({ status }) => status === 200,
    );
    expect(await declined.json()).toMatchObject({ status: 'aborted', error: { code: 'declined' } });
    expect((await pair.p2.over(asked.session_id)).error?.code).toBe('declined');
    expect((await pair.p1.over(asked.session_id)).error?.code).toBe('declined');
  });

  test('more sessions at once than configured are refused', async () => {
    const many = await Promise.all(
      Array.from({ length: 6 }, (_, at) =>
        request('/api/v1/sign/two-party', order({ message: `m${at}` })),
      ),
    );
    const refused = many.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    for (const { headers } of refused) expect(headers.get('retry-after')).toBe('5');
    for (const response of many) {
      if (response.status !== 202) continue;
      const { session_id: id } = z.object({ session_id: z.string() }).parse(await response.json());
      await pair.p1.over(id);
    }
  });

  test('sessions are listed newest first, by pages and filters', async () => {
    const read = async (query: string): Promise<TwoPartySessionList> =>
      TwoPartySessionList.parse(await (await request(`/api/v1/sessions${query}`)).json());
    const everything = await read('?limit=1000');
    expect(everything.next).toBeNull();
    const first = await read('?limit=2');
    const rest = await read(`?limit=1000&cursor=${first.next}`);
    expect([...first.sessions, ...rest.sessions]).toEqual(everything.sessions);
    const made = await read('?type=keygen');
    expect(made.sessions.map(({ session_id }) => session_id)).toEqual([key]);
    expect(
      (await read('?status=aborted')).sessions.every(({ status }) => status === 'aborted'),
    ).toBe(true);
    expect((await request('/api/v1/sessions?limit=0')).status).toBe(400);
  });

  test('health, metrics and the document need no token', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics', '/api/v1/openapi.json']) {
      expect((await request(path, undefined, '')).status).toBe(200);
    }
    const metrics = await (await request('/metrics', undefined, '')).text();
    expect(metrics).toContain(
      'quorate_cosigner_sessions_total{type="keygen",status="completed"} 1',
    );
    for (const step of ['StepPreParams', 'StepKeygenP1', 'StepKeygenP2']) {
      expect(metrics).toContain(
        `quorate_cosigner_step_seconds_count{type="keygen",step="${step}"} 1`,
      );
    }
    expect((await request('/api/v1/keys')).status).toBe(200);
    expect((await request('/nothing')).status).toBe(404);
  });
});
