import { readdirSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeCertificatePem } from '../../../../test/support/certificate.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import type { ServerOptions } from '../../src/options.ts';
import type { CoordinatorServer } from '../../src/running.ts';
import { createServer } from '../../src/server.ts';
import { TestSocket } from '../support/socket.ts';
import { openWorld } from '../support/world.ts';

/** A server that nobody has talked to. */
async function start(options: Partial<ServerOptions> = {}): Promise<CoordinatorServer> {
  const directory = temporaryDirectory();
  const dataDirectory = join(directory, 'data');
  const server = await createServer({ dataDirectory, init: true, port: 0, ...options });
  onTestFinished(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });
  await server.listen();
  return server;
}

/** A client that keeps its own half open until it is destroyed. */
async function dial({ url }: CoordinatorServer, text = ''): Promise<Socket> {
  const port = Number(new URL(url).port);
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(text);
  return socket;
}

const gone = (socket: Socket): Promise<unknown> =>
  new Promise((resolve) => {
    if (socket.readableEnded || socket.destroyed) return resolve(undefined);
    socket.resume();
    socket.once('end', resolve);
    socket.once('close', resolve);
  });

const answerOf = async (socket: Socket): Promise<string> => {
  let text = '';
  socket.on('data', (data) => void (text += String(data)));
  await gone(socket);
  return text.split('\r\n')[0] ?? '';
};

const upgrade = (path: string): string =>
  [
    `GET ${path} HTTP/1.1`,
    'host: localhost',
    'connection: upgrade',
    'upgrade: websocket',
    'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version: 13',
    '\r\n',
  ].join('\r\n');

const connections = ({ app }: CoordinatorServer): Promise<number> =>
  new Promise((resolve, reject) => {
    app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });

/** Waits until the server holds so many sockets; the time-out of the test is the failure. */
async function settledAt(server: CoordinatorServer, count: number): Promise<void> {
  while ((await connections(server)) !== count) await new Promise(setImmediate);
}

const descriptors = (): number => readdirSync('/proc/self/fd').length;

describe('refused upgrades', () => {
  test('X-5: a thousand refused upgrades leave no socket behind, though their clients stay', async () => {
    const server = await start();
    const before = descriptors();
    for (let batch = 0; batch < 10; batch += 1) {
      const clients = await Promise.all(
        Array.from({ length: 100 }, () => dial(server, upgrade('/other'))),
      );
      const answers = await Promise.all(clients.map(answerOf));
      expect(new Set(answers)).toEqual(new Set(['HTTP/1.1 404 Not Found']));
      await settledAt(server, 0);
      expect(clients.every(({ destroyed }) => !destroyed)).toBe(true);
      for (const socket of clients) socket.destroy();
      await Promise.all(clients.map((socket) => new Promise((done) => socket.once('close', done))));
    }
    expect(descriptors() - before).toBeLessThan(10);
  });

  test('X-5: an upgrade that ws itself refuses leaves no socket behind either', async () => {
    const server = await start();
    const bad = upgrade('/ws').replace('dGhlIHNhbXBsZSBub25jZQ==', 'no key');
    const client = await dial(server, bad);
    expect(await answerOf(client)).toBe('HTTP/1.1 400 Bad Request');
    await settledAt(server, 0);
  });

  test('X-5: a server stops though clients hold connections of every kind', async () => {
    const server = await start();
    const clients = [await dial(server), await dial(server, 'GET /'), await dial(server, 'GET ')];
    const socket = await TestSocket.open(server.wsUrl);
    await settledAt(server, 4);
    await server.close();
    await Promise.all(clients.map(gone));
    expect(await socket.closed).toBe(1012);
  });
});

describe('time-outs', () => {
  test('X-5: a connection that says nothing, or half a request, is cut off', async () => {
    const server = await start({ timeouts: { headers: 100, request: 120_000 } });
    const silent = await dial(server);
    const half = await dial(server, 'GET /healthz HTTP/1.1\r\nhost: local');
    await Promise.all([gone(silent), gone(half)]);
    await settledAt(server, 0);
  });

  test('X-5: a TLS handshake that is never made is cut off', async () => {
    const tls = makeCertificatePem();
    const server = await start({ tls, timeouts: { handshake: 100 } });
    const silent = await dial(server);
    const half = await dial(server, '\x16\x03\x01\x02\x00');
    await Promise.all([gone(silent), gone(half)]);
    await settledAt(server, 0);
  });
});

describe('limits', () => {
  test('X-5: a flood of strangers neither ends nor locks out registered users', async () => {
    const world = await openWorld(['alice', 'bob'], { connections: { total: 8, reserved: 2 } });
    onTestFinished(() => world.end());
    const alice = await world.connect('alice', 'participant');
    const flood = async (): Promise<void> => {
      for (let n = 0; n < 20; n += 1) await dial(world.server);
    };
    await flood();
    const bob = await world.connect('bob', 'participant');
    await flood();
    for (const socket of [alice, bob]) await socket.settled();
    await settledAt(world.server, 8);
  });

  test('X-5: TLS handshakes under way are counted like every connection', async () => {
    const tls = makeCertificatePem();
    const server = await start({ tls, connections: { total: 4, reserved: 2 } });
    const clients: Socket[] = [];
    for (let n = 0; n < 6; n += 1) clients.push(await dial(server));
    await Promise.all(clients.slice(0, 4).map(gone));
    await settledAt(server, 2);
  });

  test('X-5: an address has its own limit, and registered connections of it are not ended', async () => {
    const world = await openWorld(['alice'], { connections: { perAddress: 3 } });
    onTestFinished(() => world.end());
    const alice = await world.connect('alice', 'participant');
    const first = await TestSocket.open(world.server.wsUrl);
    const second = await TestSocket.open(world.server.wsUrl);
    const third = await TestSocket.open(world.server.wsUrl);
    expect(await first.closed).toBe(1006);
    for (const socket of [second, third]) await socket.close();
    await alice.settled();
  });
});

describe('trusted proxies', () => {
  const from = (address: string) => ({ 'x-forwarded-for': address });

  test('Y-9: behind a trusted proxy the clients that it names are counted, not the proxy', async () => {
    const world = await openWorld(['alice'], {
      trustedProxies: ['127.0.0.0/8'],
      connections: { perAddress: 1 },
    });
    onTestFinished(() => world.end());
    const token = await world.token('alice');
    const one = await TestSocket.open(world.server.wsUrl, from('198.51.100.9, 203.0.113.1'));
    const two = await TestSocket.open(world.server.wsUrl, from('203.0.113.2'));
    one.send({ type: 'register', username: 'alice', role: 'participant', token });
    await one.next('register_complete');
    await expect(TestSocket.open(world.server.wsUrl, from('203.0.113.1'))).rejects.toThrow('429');
    await two.close();
    const { body } = await world.rest('GET', '/audit?action=socket.register&limit=1');
    expect(body['entries']).toMatchObject([{ details: { remote: '203.0.113.1' } }]);
  });

  test('Y-9: without trusted proxies the header is worth nothing', async () => {
    const world = await openWorld(['alice']);
    onTestFinished(() => world.end());
    const token = await world.token('alice');
    const one = await TestSocket.open(world.server.wsUrl, from('203.0.113.1'));
    one.send({ type: 'register', username: 'alice', role: 'participant', token });
    await one.next('register_complete');
    const { body } = await world.rest('GET', '/audit?action=socket.register&limit=1');
    expect(body['entries']).toMatchObject([{ details: { remote: '127.0.0.1' } }]);
  });
});
