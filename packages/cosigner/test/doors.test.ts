import { silentLogger } from '@quorate/holder';
import { EventEmitter } from 'node:events';
import type { Server } from 'node:net';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { Doors } from '../src/doors.ts';
import { limitBytes } from '../src/peer/byteLimit.ts';
import { targetPath } from '../src/peer/upgrade.ts';

const doors = (): Doors =>
  new Doors({ connections: 8, connections_per_address: 4, connections_unproven: 8 }, silentLogger);

describe('places for connections', () => {
  test('X-5: one address has a quarter of the places of those that have proved nothing', () => {
    const places = doors();
    const taken = ['a', 'a', 'a'].map((address) => places.takeUnproven(address) !== undefined);
    expect(taken).toEqual([true, true, false]);
    expect(places.refused).toBe(1);
  });

  test('X-5: places are given back once, however often that is said', () => {
    const places = doors();
    const [first, second] = [places.takeUnproven('a'), places.takeUnproven('a')];
    for (let time = 0; time < 3; time += 1) first?.();
    expect(places.takeUnproven('a')).toBeDefined();
    expect(places.takeUnproven('a')).toBeUndefined();
    expect(second).toBeDefined();
  });

  test('X-5: an address where somebody proved who it is finds a place when all others are taken', () => {
    const places = doors();
    for (const address of 'abcdabcd') places.takeUnproven(address);
    expect(places.takeUnproven('e')).toBeUndefined();
    places.know('e');
    expect(places.takeUnproven('e')).toBeDefined();
    expect(places.takeUnproven('f')).toBeUndefined();
  });

  test('X-5: an address that proved itself may have half of all places, and no more', () => {
    const server = new EventEmitter();
    const limits = { connections: 80, connections_per_address: 4, connections_unproven: 4 };
    const places = new Doors(limits, silentLogger);
    places.guard(server as Server);
    const enter = (address: string): boolean => {
      const socket = Object.assign(new PassThrough(), { remoteAddress: address });
      server.emit('connection', socket);
      return !socket.destroyed;
    };
    const countOf = (address: string): number =>
      Array.from({ length: 80 }, () => enter(address)).filter(Boolean).length;
    for (const address of ['10.0.0.1', '10.0.0.3', '10.0.0.4']) places.know(address);
    expect(countOf('10.0.0.2')).toBe(4);
    expect(countOf('10.0.0.1')).toBe(40 + 16);
    expect(places.open).toBe(60);
    // Two of them take everything but the reserve, where a third still finds its ordinary share.
    expect(countOf('10.0.0.3')).toBe(80 - 60);
    expect(countOf('10.0.0.4')).toBe(4);
  });

  test('X-5: one network of IPv6 counts as one address', () => {
    const places = doors();
    const taken = [1, 2, 3].map((host) => places.takeUnproven(`2001:db8::${host}`) !== undefined);
    expect(taken).toEqual([true, true, false]);
    expect(places.takeUnproven('2001:db8:0:1::1')).toBeDefined();
  });

  test('X-5: the addresses that are remembered have a number, and the newest stay', () => {
    const places = doors();
    for (const address of 'abcdabcd') places.takeUnproven(address);
    places.know('first');
    for (let at = 0; at < 1000; at += 1) places.know(`address ${at}`);
    expect(places.takeUnproven('first')).toBeUndefined();
    expect(places.takeUnproven('address 999')).toBeDefined();
  });
});

describe('what a socket may say', () => {
  test('X-5: one byte too many ends it, and no byte less', async () => {
    const socket = new PassThrough();
    let over = 0;
    limitBytes(socket, 10, () => {
      over += 1;
    });
    const said = async (text: string): Promise<boolean> => {
      socket.write(text);
      await new Promise((resolve) => setImmediate(resolve));
      return socket.destroyed;
    };
    expect([await said('12345'), await said('67890'), over]).toEqual([false, false, 0]);
    expect([await said('x'), over]).toEqual([true, 1]);
  });

  test('X-5: counting that was stopped ends nothing', async () => {
    const socket = new PassThrough();
    limitBytes(socket, 10, () => undefined)();
    socket.resume().write('x'.repeat(100));
    await new Promise((resolve) => setImmediate(resolve));
    expect(socket.destroyed).toBe(false);
  });
});

test.each([
  ['/peer', '/peer'],
  ['/peer?x=/y?z', '/peer'],
  ['//', '//'],
  ['http://[', 'http://['],
  ['', ''],
  [undefined, ''],
])('X-2: the path of the target %j is %j', (target, path) => {
  expect(targetPath(target)).toBe(path);
});
