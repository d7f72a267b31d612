import { AuditList, CheckpointAnswer } from '@quorate/wire';
import { describe, expect, test } from 'vitest';
import { auditVerify } from '../../src/audit/index.ts';
import { fillDisk } from '../support/fullDisk.ts';
import { openRest } from './support.ts';

describe('audit over REST', () => {
  test('lists entries newest first, by page and filter', async () => {
    const { call } = await openRest();
    const first = AuditList.parse((await call('auditor', 'GET', '/api/v1/audit?limit=2')).body);
    expect(first.entries).toHaveLength(2);
    expect(first.next).toBe(first.entries[1]?.seq);
    const url = `/api/v1/audit?limit=2&before=${first.next}`;
    const second = AuditList.parse((await call('auditor', 'GET', url)).body);
    expect(second.entries[0]?.seq).toBe((first.next ?? 0) - 1);
    const created = await call(
      'auditor',
      'GET',
      '/api/v1/audit?action=user.create&subject=participant',
    );
    expect(AuditList.parse(created.body).entries).toMatchObject([
      { actor: 'root', outcome: 'ok', details: { roles: ['participant'] } },
    ]);
  });

  test('exports a log that passes the offline check, with the key and checkpoint given', async () => {
    const { call } = await openRest();
    const checkpoint = CheckpointAnswer.parse(
      (await call('auditor', 'GET', '/api/v1/audit/checkpoint')).body,
    );
    const { public_key: publicKey, ...kept } = checkpoint;
    const { text, headers } = await call('auditor', 'GET', '/api/v1/audit/export');
    expect(headers['content-type']).toMatch(/^application\/x-ndjson/);
    const verdict = auditVerify(text, { publicKey, checkpoint: kept });
    expect(verdict).toMatchObject({ ok: true, pinned: true });
    expect(text).toContain('"audit.export"');
  });

  test('answers that are not JSON are sent once: the framework has nothing to warn of', async () => {
    const { call, app, logged, tokenOf } = await openRest();
    expect((await call('auditor', 'GET', '/api/v1/audit/export')).status).toBe(200);
    expect((await call('auditor', 'GET', '/metrics')).status).toBe(200);
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const headers = { authorization: `Bearer ${await tokenOf('auditor')}` };
    for (const path of ['/api/v1/audit/export', '/metrics']) {
      const answer = await fetch(`${url}${path}`, { headers });
      expect(answer.status).toBe(200);
      expect((await answer.text()).length).toBeGreaterThan(0);
    }
    await app.close();
    expect(logged).toEqual([]);
  });

  test('1.9.13 holds no password and no token of all that went before', async () => {
    const { call, tokenOf } = await openRest();
    const password = 'a password to look for';
    const body = { username: 'ann', roles: ['auditor'], password };
    await call('root', 'POST', '/api/v1/users', body);
    const login = await call(undefined, 'POST', '/api/v1/auth/login', {
      username: 'ann',
      password,
    });
    await call(undefined, 'POST', '/api/v1/auth/login', { username: password, password });
    const { text } = await call('auditor', 'GET', '/api/v1/audit/export');
    const secrets = [password, login.body.access_token, login.body.refresh_token];
    secrets.push(await tokenOf('root'), await tokenOf('auditor'));
    for (const secret of secrets) expect(text).not.toContain(secret);
  });
});

describe('the state of the process', () => {
  test('is alive always, and ready unless it drains or the database is gone', async () => {
    let ready = false;
    const { call, database } = await openRest({ isReady: () => ready });
    expect(await call(undefined, 'GET', '/healthz')).toMatchObject({ body: { status: 'ok' } });
    expect(await call(undefined, 'GET', '/readyz')).toMatchObject({
      status: 503,
      body: { code: 'not_ready' },
    });
    ready = true;
    expect(await call(undefined, 'GET', '/readyz')).toMatchObject({ status: 200 });
    await database.close();
    expect(await call(undefined, 'GET', '/readyz')).toMatchObject({ status: 503 });
    expect(await call(undefined, 'GET', '/healthz')).toMatchObject({ status: 200 });
  });

  test('Z-13: is not ready while the disk is full, says why, and is again when there is room', async () => {
    const { call, database, clock, defects } = await openRest();
    expect(await call(undefined, 'GET', '/readyz')).toMatchObject({ status: 200 });
    const makeRoom = await fillDisk(database);
    // Within five seconds the same answer, whoever asks and however often.
    expect(await call(undefined, 'GET', '/readyz')).toMatchObject({ status: 200 });
    clock.advance(5000);
    expect(await call(undefined, 'GET', '/readyz')).toMatchObject({
      status: 503,
      body: {
        code: 'not_ready',
        detail: 'the store takes no write: database or disk is full',
      },
    });
    let status = 201;
    for (let n = 0; status === 201; n += 1) {
      const user = { username: `${n}-${'x'.repeat(60)}`, roles: ['participant'] };
      const made = await call('root', 'POST', '/api/v1/users', user);
      status = made.status;
      if (status !== 201) expect(made.body).toMatchObject({ code: 'store_unavailable' });
    }
    expect(status).toBe(503);
    expect(defects).toMatchObject([{ code: 'store/unavailable' }]);
    await makeRoom();
    clock.advance(5000);
    expect(await call(undefined, 'GET', '/readyz')).toMatchObject({ status: 200 });
    const rows = await database.read((tx) => tx.all('SELECT number FROM store_probes', []));
    expect(rows).toHaveLength(1);
  });

  test('X-3: has a row for each part that can stand still, and is not ready while the store owes an answer', async () => {
    const { call, database, clock } = await openRest();
    const ready = await call(undefined, 'GET', '/readyz');
    expect(ready.body).toMatchObject({
      status: 'ok',
      parts: [{ name: 'event_loop' }, { name: 'store', state: 'ready', delay_ms: 0 }],
    });
    let release = (): void => undefined;
    const held = database.transaction(
      () =>
        new Promise<void>((resolve) => {
          release = resolve;
        }),
    );
    const asked = [1, 2, 3].map(() => call(undefined, 'GET', '/readyz'));
    const answers = Promise.all(asked);
    let answered = false;
    void answers.then(() => {
      answered = true;
    });
    while (!answered) {
      clock.advance(5000);
      await new Promise(setImmediate);
    }
    for (const answer of await answers) {
      expect(answer).toMatchObject({
        status: 503,
        body: { code: 'not_ready', detail: 'the store has not answered for 5 s' },
      });
    }
    release();
    await held;
    await expect
      .poll(() => call(undefined, 'GET', '/readyz'))
      .toMatchObject({
        status: 200,
        body: { parts: [{}, { name: 'store', delay_ms: expect.any(Number) }] },
      });
  });

  test('X-10: tells that the wall clock was set, and is ready all the same', async () => {
    const { call, clock } = await openRest();
    clock.advance(10_000);
    expect((await call(undefined, 'GET', '/readyz')).body).not.toHaveProperty('warnings');
    const before = new Date(clock.now() + 2000).toISOString();
    clock.step(-3_600_000);
    clock.advance(2000);
    const after = new Date(clock.now()).toISOString();
    const warning = `the wall clock was set by -3600 s, from ${before} to ${after}`;
    expect((await call(undefined, 'GET', '/readyz')).body).toMatchObject({
      status: 'ok',
      warnings: [warning],
    });
  });

  test('is counted by route, never by what was asked for', async () => {
    const { call } = await openRest();
    await call('root', 'GET', '/api/v1/sessions/some-session-key');
    await call('root', 'PATCH', '/api/v1/users/somebody', { state: 'active' });
    await call('root', 'GET', '/api/v1/attack/../of/names');
    const { text, headers } = await call(undefined, 'GET', '/metrics');
    expect(headers['content-type']).toMatch(/^text\/plain/);
    expect(text).toContain('route="/api/v1/sessions/:session_key",status="404"');
    expect(text).toContain('quorate_process_resident_memory_bytes');
    for (const value of ['some-session-key', 'somebody', 'names'])
      expect(text).not.toContain(value);
  });

  test('a defect is answered with 500 and no detail, and reported without the request', async () => {
    const { call, database, defects, tokenOf } = await openRest();
    await database.transaction(async (tx) => {
      await tx.run('DROP TABLE chip_challenges', []);
    });
    const answer = await call('participant', 'POST', '/api/v1/chips/challenge', {});
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal', detail: '' } });
    expect(answer.text).not.toMatch(/chip_challenges|SQL|stack/);
    expect(defects).toHaveLength(1);
    expect(String(defects[0])).not.toContain(await tokenOf('participant'));
  });
});

describe('documents', () => {
  test('of both interfaces are served to everybody', async () => {
    const { call } = await openRest();
    expect((await call(undefined, 'GET', '/api/v1/openapi.json')).body).toMatchObject({
      openapi: '3.1.0',
      paths: { '/api/v1/audit/export': expect.anything() },
    });
    expect((await call(undefined, 'GET', '/api/v1/asyncapi.json')).body).toMatchObject({
      asyncapi: expect.stringMatching(/^3\./),
    });
  });
});
