import type { Logger } from '@quorate/holder';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { Doors } from '../../src/doors.ts';
import { PeerHub } from '../../src/peer/hub.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import { ownEnd, somebody } from '../support/links.ts';

const [a, b] = [somebody('a'), somebody('b')];
const LIMITS = { connections: 8, connections_per_address: 8, connections_unproven: 8 };

describe('a side that dials', () => {
  const hubs: PeerHub[] = [];

  afterEach(() => {
    for (const hub of hubs.splice(0)) hub.close();
  });

  const dialling = (url: string, handshakeMs: number): string[] => {
    const log: string[] = [];
    const line: Logger['info'] = (fields, message) =>
      void log.push(`${message} ${JSON.stringify(fields)}`);
    const logger = { debug: line, info: line, warn: line, error: line };
    const events = { onConnected: () => undefined, onMessage: () => undefined };
    const doors = new Doors(LIMITS, logger);
    const hub = new PeerHub({ ...ownEnd(a, [b]), handshakeMs }, events, { logger, doors });
    hubs.push(hub);
    hub.dial({ url, partner: 'b' });
    return log;
  };

  test('X-2: what `ws` cannot dial is logged, and dialled again, and ends nothing', async () => {
    const log = dialling('ws://[', 1000);
    await eventually(() => expect(log.length).toBeGreaterThan(1));
    expect(log[0]).toMatch(/^dialling failed .*Invalid URL/);
  });

  test('X-5: who is dialled and has not proved who it is says no more than 64 KiB', async () => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const met = once(server, 'connection');
    const log = dialling(`ws://127.0.0.1:${port}/peer`, 600_000);
    const [socket] = (await met) as [WebSocket];
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    // A frame that never ends: fragments without the last one.
    for (let at = 0; at < 3; at += 1) socket.send('x'.repeat(30 * 1024), { fin: false });
    await closed;
    expect(log.some((line) => line.includes('too many bytes'))).toBe(true);
    await new Promise((resolve) => server.close(resolve));
  });
});
