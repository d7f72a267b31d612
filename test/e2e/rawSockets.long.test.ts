// whatever bytes come, no request ends a server. Both servers run as a user starts them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { QUORATE, run } from './support/processes.ts';

/** Requests that one property says at once. */
const AT_ONCE = 8;

let directory: string;

beforeAll(() => {
  directory = temporaryDirectory();
});

/** Starts a server that says where it listens. */
async function start(...args: string[]): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [QUORATE, ...args, '--json'], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const { event, url } = JSON.parse(line) as { event: string; url: string };
    if (event === 'listening') return { child, port: Number(new URL(url).port) };
  }
  throw new Error(`${args[0]} did not start`);
}

/** Says bytes, ends, and waits until the server has ended, too. */
async function say(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1');
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.end(bytes, 'latin1');
  await closed;
  return answer;
}

const junk = fc.string({ unit: 'binary-ascii', maxLength: 40 });
const method = fc.constantFrom('GET', 'POST', 'CONNECT', 'OPTIONS', 'PRI', 'get', '');
const target = fc.oneof(
  junk,
  fc
    .array(
      fc.constantFrom(
        '/',
        '//',
        'peer',
        'ws',
        ':',
        '@',
        '[',
        ']',
        '%',
        '%ff',
        '\\',
        '?',
        '#',
        '..',
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join('')),
  fc.constantFrom('/peer', '/ws', '*', 'http://[', 'x:0', '//:0', '/\\'),
);
const version = fc.constantFrom(' HTTP/1.1', ' HTTP/1.0', ' HTTP/9.9', ' HTTP/2.0', '');
const upgrade = [
  ['Connection', fc.oneof(fc.constantFrom('Upgrade', 'upgrade, close', 'close'), junk)],
  ['Upgrade', fc.oneof(fc.constantFrom('websocket', 'WebSocket', 'h2c', 'TLS/1.0'), junk)],
  ['Sec-WebSocket-Version', fc.oneof(fc.constantFrom('13', '8', '99', '-1'), junk)],
  ['Sec-WebSocket-Key', fc.oneof(fc.constant('dGhlIHNhbXBsZSBub25jZQ=='), junk)],
  ['Sec-WebSocket-Protocol', fc.oneof(fc.constantFrom('a', ',,', 'a, a'), junk)],
  [
    'Sec-WebSocket-Extensions',
    fc.oneof(fc.constantFrom('permessage-deflate', 'permessage-deflate; x=', ';;'), junk),
  ],
  ['Host', fc.oneof(fc.constantFrom('x', '[', ':0'), junk)],
  ['Origin', fc.oneof(fc.constantFrom('http://[', 'null', 'http://x'), junk)],
  ['Content-Length', fc.constantFrom('0', '5', '-1', '99999999999999999999', 'x')],
  ['Transfer-Encoding', fc.constantFrom('chunked', 'gzip, chunked', 'x')],
  ['Expect', fc.constantFrom('100-continue', 'x')],
  ['Authorization', fc.oneof(fc.constantFrom('Bearer', 'Bearer a.b.c', 'bearer  '), junk)],
] as const;
const header = fc
  .constantFrom(...upgrade)
  .chain(([name, value]) => value.map((text) => `${name}: ${text}`));
/** The request of an upgrade, with a few more headers, or only some of them. */
const headers = fc.oneof(
  fc
    .array(header, { maxLength: 3 })
    .map((more) => [
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ...more,
    ]),
  fc.array(header, { maxLength: 8 }),
);
const rest = fc.oneof(
  fc.constant(''),
  junk,
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);
const request = fc
  .tuple(method, target, version, headers, fc.constantFrom('\r\n', '\n'), rest)
  .map(([verb, path, protocol, lines, newline, body]) =>
    [`${verb} ${path}${protocol}`, ...lines, '', body].join(newline),
  );

/** Says whatever it may be to a server, which then still answers. */
async function provoke(
  { child, port }: { child: ChildProcess; port: number },
  check: (answer: string) => void = () => undefined,
): Promise<void> {
  const property = fc.asyncProperty(
    fc.array(request, { minLength: AT_ONCE, maxLength: AT_ONCE }),
    async (requests) => {
      const answers = await Promise.all(requests.map((bytes) => say(port, bytes)));
      answers.forEach(check);
      expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    },
  );
  await fc.assert(property, { numRuns: 100 });
  const head = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  expect((await say(port, head)).split('\r\n')[0]).toBe('HTTP/1.1 200 OK');
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

describe('X-2: requests that nobody writes by hand', () => {
  test('do not end a coordinator', async () => {
    const server = await start('coordinator', '--init', '--data', 'coordinator', '--port', '0');
    await provoke(server, (answer) => {
      if (!/^HTTP\/1\.1 [45]/.test(answer)) return;
      // W-13: whoever in the server made it.
      expect(answer).toMatch(/^content-type: application\/problem\+json/im);
      expect(answer).toMatch(/^x-content-type-options: nosniff/im);
    });
  });

  test('do not end a cosigner', async () => {
    const sides = ['enterprise', 'mobile-app'] as const;
    for (const [at, role] of sides.entries()) {
      const partner = sides[1 - at] ?? '';
      const config = {
        listen: { host: '127.0.0.1', port: 0 },
        capabilities: ['keygen', 'sign'],
        role,
        partners: [partner],
        partner_keys: { [partner]: `${partner}/public.json` },
        store: role,
        primes: { ready: 0 },
      };
      writeFileSync(join(directory, `${role}.yaml`), JSON.stringify(config));
      const init = [QUORATE, 'cosigner', 'init', '--config', `${role}.yaml`];
      const made = await run(process.execPath, init, { cwd: directory });
      expect(made.code, made.stderr).toBe(0);
    }
    await provoke(await start('cosigner', '--config', 'enterprise.yaml'));
  });
});
