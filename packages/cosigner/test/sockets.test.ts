import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { Running } from './support/pair.ts';
import { openRaw, sayRaw, UPGRADE, upgradeRaw } from './support/raw.ts';
import { makeStores, removeStores } from './support/stores.ts';

/** Nobody listens there. */
const NOWHERE = 'ws://127.0.0.1:1/peer';
const MIB = 1024 * 1024;
/** The head of a masked frame of 1 MiB, whose mask is zero. */
const FRAME_OF_1_MIB = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0]);

describe('sockets of strangers', () => {
  let directory: string;
  let server: Running;

  beforeAll(async () => {
    directory = await makeStores();
    server = await Running.start(directory, 'enterprise', {
      limits: { connections_per_address: 40, connections_unproven: 20 },
      timeouts: { handshake: 1, headers: 1 },
    });
  });

  afterAll(async () => {
    await server.stop();
    removeStores(directory);
  });

  /** On a connection of its own, which does not stay. */
  const answers = async (): Promise<string> => {
    const head = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    return (await sayRaw(server.url, head)).slice(9, 12);
  };
  const ended = (socket: Socket): Promise<void> =>
    socket.destroyed
      ? Promise.resolve()
      : new Promise((resolve) => socket.resume().once('close', () => resolve()));

  test.each([
    '//',
    '//:0',
    'http://[',
    '/\\',
    '*',
    'x',
    '/peer/..',
    '/%ff',
    '///peer',
    '?',
    '/peerx',
  ])(
    'X-2: an upgrade of %j is refused and its socket ended, and the server goes on',
    async (target) => {
      const answer = await sayRaw(server.url, `GET ${target} HTTP/1.1\r\n${UPGRADE}\r\n`);
      expect(answer.split('\r\n')[0]).toMatch(/^HTTP\/1.1 40[04] /);
      expect(await answers()).toBe('200');
    },
  );

  test('X-5: an upgrade that is refused leaves no socket behind, though its client does not end it', async () => {
    const sockets = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const socket = (await openRaw(server.url, true)).resume();
        socket.write(`GET /nowhere HTTP/1.1\r\n${UPGRADE}\r\n`);
        await once(socket, 'end');
        return socket;
      }),
    );
    await eventually(() => expect(openSockets(server)).toBe(0));
    for (const socket of sockets) socket.destroy();
  });

  test('X-5: 300 unfinished frames of 1 MiB find no room: few places, and 64 KiB in each', async () => {
    const patient = await Running.start(directory, 'mobile-app', {
      peer: NOWHERE,
      limits: { connections_unproven: 20 },
      timeouts: { handshake: 120 },
    });
    const before = memoryOf(patient);
    const sockets: Socket[] = [];
    const upgraded: string[] = [];
    for (let batch = 0; batch < 15; batch += 1) {
      const ends = await Promise.all(Array.from({ length: 20 }, () => upgradeRaw(patient.url)));
      for (const { socket, status } of ends) {
        sockets.push(socket);
        upgraded.push(status);
        socket.write(FRAME_OF_1_MIB);
        socket.write(Buffer.alloc(MIB - 1, 0x41));
      }
    }
    // Whoever came while a place was taken was refused; whoever found one was cut off after 64 KiB.
    expect(upgraded.filter((status) => status.includes(' 101 '))).not.toHaveLength(0);
    await Promise.all(sockets.map(ended));
    // Held, they would be 300 MiB; the rest is what the collector has not looked at yet.
    expect(memoryOf(patient) - before).toBeLessThan(150 * MIB);
    await patient.stop();
  });

  test('X-5: ends at /peer that say nothing are sent away, and the places are free again', async () => {
    const silent = await Promise.all(Array.from({ length: 30 }, () => upgradeRaw(server.url)));
    const taken = silent.filter(({ status }) => status.includes(' 101 '));
    // One address has a quarter of the places.
    expect(taken).toHaveLength(5);
    expect(new Set(silent.map(({ status }) => status.split(' ')[1]))).toEqual(
      new Set(['101', '503']),
    );
    await Promise.all(taken.map(({ socket }) => ended(socket)));
    const { socket, status } = await upgradeRaw(server.url);
    expect(status).toContain(' 101 ');
    socket.destroy();
  });

  test('X-5: connections of one address have a number, those that say nothing a time', async () => {
    const opened = await Promise.all(Array.from({ length: 60 }, () => openRaw(server.url)));
    const all = opened.map(ended);
    await eventually(() => expect(openSockets(server)).toBeLessThanOrEqual(40));
    await Promise.all(all);
    expect(await answers()).toBe('200');
    expect(server.log.some((line) => line.includes('too many connections'))).toBe(true);
  });

  test('X-5: an address where a caller proved who it is finds a place when all others are taken', async () => {
    expect((await server.request('/api/v1/keys')).status).toBe(200);
    const opened = await Promise.all(Array.from({ length: 40 }, () => openRaw(server.url)));
    await eventually(() => expect(openSockets(server)).toBeGreaterThanOrEqual(40));
    expect((await server.request('/api/v1/keys')).status).toBe(200);
    for (const socket of opened) socket.destroy();
  });

  test('X-5: a request whose body does not come is ended', async () => {
    const slow = await Running.start(directory, 'mobile-app', {
      peer: NOWHERE,
      timeouts: { headers: 1, request: 1 },
    });
    const head = 'POST /api/v1/keygen/two-party HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n';
    expect(await sayRaw(slow.url, `${head}\r\n`)).toContain('408');
    await slow.stop();
  });
});

/** Sockets that a process has open to its clients: those of its port that have a file and do not listen. */
function openSockets({ pid, url }: Running): number {
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, '0');
  const lines = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').trim().split('\n').slice(1);
  return lines.filter((line) => {
    const [, local = '', , state = '', , , , , , inode] = line.trim().split(/\s+/);
    return local.endsWith(`:${port}`) && state !== '0A' && inode !== '0';
  }).length;
}

/** Resident memory of a process, bytes. */
function memoryOf({ pid }: Running): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}
