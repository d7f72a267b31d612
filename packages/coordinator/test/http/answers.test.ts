import { Problem } from '@quorate/wire';
import { rmSync } from 'node:fs';
import { connect as dial } from 'node:net';
import { join } from 'node:path';
import { connect as dialTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificatePem } from '../../../../test/support/certificate.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import type { CoordinatorServer } from '../../src/running.ts';
import { createServer } from '../../src/server.ts';

const consoleFiles = new Map([
  ['/', { type: 'text/html; charset=utf-8', body: new TextEncoder().encode('<!doctype html>') }],
]);

let directory: string;
let plain: CoordinatorServer;
let secure: CoordinatorServer;

beforeAll(async () => {
  directory = temporaryDirectory();
  const start = async (name: string, tls: object): Promise<CoordinatorServer> => {
    const dataDirectory = join(directory, name);
    const timeouts = { headers: 500, request: 1_000 };
    const common = { init: true, port: 0, consoleFiles, timeouts };
    const server = await createServer({ dataDirectory, ...common, ...tls });
    await server.listen();
    return server;
  };
  plain = await start('plain', {});
  secure = await start('secure', { tls: makeCertificatePem() });
});

afterAll(async () => {
  await plain.close();
  await secure.close();
  rmSync(directory, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends bytes as they are and reads the answer to its end. */
async function exchange({ url }: CoordinatorServer, text: string): Promise<Answer> {
  const { port, protocol } = new URL(url);
  const to = { port: Number(port), host: '127.0.0.1' };
  const socket = protocol === 'https:' ? dialTls({ ...to, rejectUnauthorized: false }) : dial(to);
  let answer = '';
  socket.on('data', (data) => void (answer += String(data)));
  socket.on('error', () => undefined);
  socket.write(text);
  await new Promise((resolve) => socket.once('close', resolve));
  const [head = '', body = ''] = answer.split(/\r\n\r\n(.*)/s);
  const [status = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const [name = '', value = ''] = line.split(/: (.*)/s);
    return [name.toLowerCase(), value];
  });
  return { status: Number(status.split(' ')[1]), headers: Object.fromEntries(headers), body };
}

const get = (path: string, ...headers: string[]): string =>
  [`GET ${path} HTTP/1.1`, 'host: localhost', 'connection: close', ...headers, '\r\n'].join('\r\n');

const post = (path: string, type: string, body: string): string =>
  `${get(path, `content-type: ${type}`, `content-length: ${body.length}`).replace('GET', 'POST')}${body}`;

const upgrade = (path: string, ...more: string[]): string =>
  get(path, 'upgrade: websocket', ...more).replace('connection: close', 'connection: upgrade');

const key = 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==';
const version = 'sec-websocket-version: 13';

/** Checks the form of every error, whichever part of the server answers. */
function expectProblem(answer: Answer, status: number, code: string): void {
  expect([answer.status, answer.headers['content-type']]).toEqual([
    status,
    'application/problem+json; charset=utf-8',
  ]);
  expect(Problem.parse(JSON.parse(answer.body))).toMatchObject({ status, code });
  expect(answer.headers).toMatchObject({
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  });
}

const cases: readonly (readonly [string, string, number, string])[] = [
  ['an address that is none', get('/nothing'), 404, 'not_found'],
  ['an address of no route of the interface', get('/api/v1/nothing'), 404, 'not_found'],
  ['two slashes', get('//evil.example/'), 404, 'not_found'],
  ['a bad escape', get('/%zz'), 400, 'invalid_request'],
  ['a bad escape in a parameter', get('/api/v1/keys/%e0%a4'), 400, 'invalid_request'],
  ['a parameter that is too long', get(`/api/v1/keys/${'a'.repeat(3000)}`), 404, 'not_found'],
  ['a form to no route', post('/nothing', 'text/plain', 'x'), 404, 'not_found'],
  [
    'a form to a route',
    post('/api/v1/auth/login', 'text/plain', 'x'),
    415,
    'unsupported_media_type',
  ],
  [
    'a body too large',
    post('/api/v1/auth/login', 'application/json', 'x'.repeat(70_000)),
    413,
    'payload_too_large',
  ],
  ['a method of WebDAV', get('/').replace('GET', 'PROPFIND'), 404, 'not_found'],
  ['the method of HTTP/2', 'PRI /peer\r\n\r\n', 404, 'not_found'],
  ['a method that is none of the framework', get('/').replace('GET', 'BIND'), 404, 'not_found'],
  ['another method for the page', get('/').replace('GET', 'DELETE'), 404, 'not_found'],
  ['the server as a whole', get('*').replace('GET', 'OPTIONS'), 404, 'not_found'],
  ['no request at all', 'hello\r\n\r\n', 400, 'invalid_request'],
  ['no host', 'GET / HTTP/1.1\r\nconnection: close\r\n\r\n', 400, 'invalid_request'],
  ['an expectation', get('/', 'expect: magic'), 417, 'expectation_failed'],
  ['a head too large', get('/', `x: ${'a'.repeat(20_000)}`), 431, 'headers_too_large'],
  ['a head that never ends', 'GET / HTTP/1.1\r\nhost: localhost\r\n', 408, 'request_timeout'],
  ['an upgrade elsewhere', upgrade('/nothing', key, version), 404, 'not_found'],
  [
    'an upgrade from another origin',
    upgrade('/ws', key, version, 'origin: https://evil.example'),
    403,
    'forbidden',
  ],
  ['an upgrade without a key', upgrade('/ws', version), 400, 'invalid_request'],
  ['an upgrade of another version', upgrade('/ws', key), 400, 'invalid_request'],
  [
    'an upgrade by another method',
    upgrade('/ws', key, version).replace('GET', 'POST'),
    400,
    'invalid_request',
  ],
];

describe('answers that are errors', () => {
  test.each(cases)('W-13: %s is answered in the one form', async (_, request, status, code) => {
    const answer = await exchange(plain, request);
    expectProblem(answer, status, code);
    expect(answer.headers).not.toHaveProperty('strict-transport-security');
  });

  test('W-13: over TLS all of them tell browsers to stay with it', async () => {
    for (const [name, request, status, code] of cases) {
      const answer = await exchange(secure, request);
      expectProblem(answer, status, code);
      const lasting = answer.headers['strict-transport-security'];
      expect([name, lasting]).toEqual([name, 'max-age=31536000']);
    }
  });

  test('W-13: a version of WebSocket that is not spoken is told which one is', async () => {
    const answer = await exchange(plain, upgrade('/ws', key, 'sec-websocket-version: 7'));
    expect(answer.headers['sec-websocket-version']).toBe('13, 8');
  });
});

describe('the page', () => {
  test('W-13: tells browsers to stay with TLS, and keeps its own policy', async () => {
    const page = await exchange(secure, get('/'));
    expect(page.headers).toMatchObject({
      'strict-transport-security': 'max-age=31536000',
      'content-security-policy': expect.stringContaining("script-src 'self'"),
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
    });
    expect((await exchange(plain, get('/'))).headers).not.toHaveProperty(
      'strict-transport-security',
    );
  });
});
