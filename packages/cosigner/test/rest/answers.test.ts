// What a cosigner answers where no route does: W-13, one form for all of it.
import { Problem } from '@quorate/wire';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cosigner, createCosigner } from '../../src/index.ts';
import { sayRaw, UPGRADE, upgradeRaw } from '../support/raw.ts';
import { makeStores, removeStores, writeConfig } from '../support/stores.ts';

const request = (line: string, ...headers: string[]): string =>
  [line, 'host: x', 'connection: close', ...headers, '\r\n'].join('\r\n');
const upgrade = (path: string, change: (headers: string) => string = String): string =>
  `GET ${path} HTTP/1.1\r\n${change(UPGRADE)}\r\n`;

const CASES: readonly (readonly [string, string, number, string])[] = [
  ['an address that is none', request('GET /nothing HTTP/1.1'), 404, 'not_found'],
  ['a bad escape', request('GET /% HTTP/1.1'), 400, 'invalid_request'],
  [
    'a bad escape in a parameter',
    request('GET /api/v1/sessions/%ff HTTP/1.1'),
    400,
    'invalid_request',
  ],
  [
    'a parameter that is too long',
    request(`GET /api/v1/sessions/${'a'.repeat(3000)} HTTP/1.1`),
    404,
    'not_found',
  ],
  ['a method of WebDAV', request('PROPFIND / HTTP/1.1'), 404, 'not_found'],
  ['a method that the framework does not know', request('BIND / HTTP/1.1'), 404, 'not_found'],
  ['no request at all', 'hello\r\n\r\n', 400, 'invalid_request'],
  ['no host', 'GET / HTTP/1.1\r\nconnection: close\r\n\r\n', 400, 'invalid_request'],
  ['an expectation', request('GET / HTTP/1.1', 'expect: magic'), 417, 'expectation_failed'],
  [
    'a head that is too large',
    request('GET / HTTP/1.1', `x: ${'a'.repeat(20_000)}`),
    431,
    'headers_too_large',
  ],
  ['a head that does not end', 'GET / HTTP/1.1\r\nhost: x\r\n', 408, 'request_timeout'],
  ['an upgrade elsewhere', upgrade('/nowhere'), 404, 'not_found'],
  [
    'an upgrade with a bad key',
    upgrade('/peer', (headers) => headers.replace('dGhlIHNhbXBsZSBub25jZQ==', 'x')),
    400,
    'invalid_request',
  ],
];

describe('answers that no route gives', () => {
  let directory: string;
  let server: Cosigner;
  let url: string;

  beforeAll(async () => {
    directory = await makeStores();
    const settings = { timeouts: { headers: 1 }, limits: { connections_unproven: 4 } };
    server = await createCosigner(writeConfig(directory, 'enterprise', settings));
    url = await server.listen();
  });

  afterAll(async () => {
    await server.close();
    removeStores(directory);
  });

  test.each(CASES)('W-13: %s', async (_, text, status, code) => {
    expectProblem(await sayRaw(url, text), status, code);
  });

  test('W-13: an upgrade that finds no place', async () => {
    const { socket } = await upgradeRaw(url);
    const answer = await sayRaw(url, upgrade('/peer'));
    expectProblem(answer, 503, 'too_many_connections');
    expect(answer.toLowerCase()).toContain('\r\nretry-after: 5\r\n');
    socket.destroy();
  });
});

/** What every refusal looks like, whoever in the server made it. */
function expectProblem(answer: string, status: number, code: string): void {
  const [head = '', body = ''] = answer.split(/\r\n\r\n(.*)/s);
  expect(head.split(' ')[1]).toBe(String(status));
  const headers = head.toLowerCase().split('\r\n').slice(1);
  expect(headers).toEqual(
    expect.arrayContaining([
      'content-type: application/problem+json; charset=utf-8',
      'cache-control: no-store',
      'x-content-type-options: nosniff',
      'referrer-policy: no-referrer',
      "content-security-policy: default-src 'none'; frame-ancestors 'none'",
    ]),
  );
  expect(Problem.parse(JSON.parse(body))).toMatchObject({ status, code });
}
