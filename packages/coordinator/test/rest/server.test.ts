import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { LoginAnswer, SessionAnswer, SessionList } from '@quorate/wire';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import WebSocket from 'ws';
import { CHEAP } from '../../../../test/support/passwordCost.ts';
import { createServer } from '../../src/server.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { PASSWORD } from '../auth/support.ts';
import { testChip } from '../chips/support.ts';

type Json = Record<string, unknown>;

/** A whole coordinator on a free port, its log kept in memory. */
async function start() {
  const directory = temporaryDirectory();
  const lines: string[] = [];
  const log = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  const server = await createServer({
    dataDirectory: join(directory, 'data'),
    init: true,
    port: 0,
    passwordCost: CHEAP,
    logger: pino({ level: 'trace' }, log),
  });
  onTestFinished(() => server.close());
  const { url, wsUrl } = await server.listen();
  const secrets: string[] = [PASSWORD, String(server.setupToken)];
  const call = async (token: string, method: string, path: string, body?: unknown) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, text, body: JSON.parse(text) as Json };
  };
  const login = async (username: string) => {
    const answer = await call('', 'POST', '/api/v1/auth/login', { username, password: PASSWORD });
    const { access_token, refresh_token } = LoginAnswer.parse(answer.body);
    secrets.push(access_token, refresh_token);
    return access_token;
  };
  return { directory, server, wsUrl, call, login, lines, secrets };
}

/** Registers as a coordinator on a socket and sends one request; resolves when it was stored. */
async function request(wsUrl: string, token: string, message: Json): Promise<void> {
  const socket = new WebSocket(wsUrl);
  onTestFinished(() => socket.terminate());
  const received = new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
    socket.addEventListener('message', ({ data }) => {
      const { type, success, details } = JSON.parse(typeof data === 'string' ? data : '') as Json;
      if (type === 'register_complete' && success === true) socket.send(JSON.stringify(message));
      else if (type === 'ack') resolve();
      else reject(new Error(`${String(type)}: ${String(details)}`));
    });
  });
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'register', username: 'carl', role: 'coordinator', token })),
  );
  await received;
}

describe('a coordinator as a whole', () => {
  test('is set up, enrols people and chips, and shows a session to those whom it concerns', async () => {
    const { server, wsUrl, call, login, directory, lines, secrets } = await start();
    const setup = { token: server.setupToken, username: 'root', password: PASSWORD };
    expect((await call('', 'POST', '/api/v1/setup', setup)).status).toBe(201);
    const root = await login('root');
    const people = {
      carl: 'coordinator',
      ann: 'participant',
      bob: 'participant',
      eve: 'participant',
    };
    const tokens: Record<string, string> = {};
    for (const [username, role] of Object.entries(people)) {
      const user = { username, roles: [role], password: PASSWORD };
      expect((await call(root, 'POST', '/api/v1/users', user)).status).toBe(201);
      tokens[username] = await login(username);
    }
    for (const username of ['ann', 'bob']) {
      const token = tokens[username] ?? '';
      const chip = testChip();
      const { nonce } = (await call(token, 'POST', '/api/v1/chips/challenge', {})).body;
      const made = await call(token, 'POST', '/api/v1/chips', {
        username,
        se_id: `chip of ${username}`,
        cpic: chip.cpic,
        public_key: `0x${chip.publicKey}`,
        nonce,
        proof: chip.prove(String(nonce)),
      });
      expect(made.status).toBe(201);
    }
    await request(wsUrl, tokens.carl ?? '', {
      type: 'keygen_request',
      session_key: 'first-key',
      threshold: 2,
      total_parts: 2,
      participants: ['ann', 'bob'],
      cseq: 1,
    });
    for (const username of ['carl', 'ann', 'bob']) {
      const token = tokens[username] ?? '';
      const { sessions } = SessionList.parse((await call(token, 'GET', '/api/v1/sessions')).body);
      expect(sessions).toMatchObject([{ session_key: 'first-key', state: 'invited' }]);
      const details = await call(token, 'GET', '/api/v1/sessions/first-key');
      expect(SessionAnswer.parse(details.body)).toMatchObject({ waiting_for: ['ann', 'bob'] });
    }
    const eve = tokens.eve ?? '';
    expect((await call(eve, 'GET', '/api/v1/sessions')).body).toEqual({ sessions: [] });
    expect((await call(eve, 'GET', '/api/v1/sessions/first-key')).status).toBe(404);
    await call(root, 'GET', `/api/v1/sessions/${'x'.repeat(128)}`);
    const long = encodeURIComponent('用'.repeat(64));
    expect(
      (await call(root, 'PATCH', `/api/v1/users/${long}`, { state: 'active' })).body.code,
    ).toBe('unknown_user');

    // 1.9.13: nothing secret in the log, and no file that others can read.
    const log = lines.join('');
    for (const secret of secrets) expect(log).not.toContain(secret);
    expect(openFiles(join(directory, 'data'))).toEqual([]);
  });

  test('1.9.13, R-12 logs nothing of a request that fails, whatever was in it', async () => {
    const { call, server, lines } = await start();
    const secret = 'hunter2-hunter2-hunter2';
    await call(secret, 'GET', `/api/v1/users?after=${secret}`);
    await call('', 'POST', `/api/v1/setup?token=${secret}`, { token: secret });
    await call('', 'POST', '/api/v1/auth/login', { username: secret, password: secret });
    await call('', 'GET', `/api/v1/${secret}`);
    await server.app.inject({
      url: '/api/v1/users',
      headers: { authorization: secret, cookie: secret },
    });
    expect(lines).not.toEqual([]);
    expect(lines.join('')).not.toContain(secret);
  });

  test('keeps its keys, users and tokens over a restart, and prints no second setup token', async () => {
    const { server, call, login, directory } = await start();
    const setup = { token: server.setupToken, username: 'root', password: PASSWORD };
    await call('', 'POST', '/api/v1/setup', setup);
    const token = await login('root');
    const key = (await call(token, 'GET', '/api/v1/authorisation-key')).body;
    const checkpoint = (await call(token, 'GET', '/api/v1/audit/checkpoint')).body;
    await server.close();
    const again = await createServer({
      dataDirectory: join(directory, 'data'),
      port: 0,
      passwordCost: CHEAP,
    });
    onTestFinished(() => again.close());
    expect(again.setupToken).toBeUndefined();
    const get = async (url: string) => {
      const headers = { authorization: `Bearer ${token}` };
      return (await again.app.inject({ url, headers })).json() as Json;
    };
    expect(await get('/api/v1/authorisation-key')).toEqual(key);
    expect((await get('/api/v1/audit/checkpoint')).public_key).toBe(checkpoint.public_key);
  });
});

/** Files that more than their owner may read or write. */
function openFiles(directory: string): string[] {
  return [directory, ...readdirSync(directory, { recursive: true, encoding: 'utf8' })]
    .map((name) => (name === directory ? name : join(directory, name)))
    .filter((name) => (statSync(name).mode & 0o077) !== 0);
}
