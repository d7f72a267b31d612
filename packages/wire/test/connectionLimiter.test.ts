import fc from 'fast-check';
import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { addressGroup, ConnectionLimiter, type ConnectionLimits } from '../src/index.ts';

const PROXY = '10.0.0.1';
const rules = {
  groupOf: addressGroup,
  isProxy: (address: string): boolean => address === PROXY,
};

/** A connection of an address, open until it is destroyed. */
class Socket extends EventEmitter {
  static next = 1;
  readonly remoteAddress: string;
  readonly remotePort = Socket.next++;
  readonly localAddress = '192.0.2.200';
  readonly localPort = 443;
  open = true;

  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }

  destroy(): void {
    if (!this.open) return;
    this.open = false;
    this.emit('close');
  }
}

function limiter(limits: Partial<ConnectionLimits> = {}) {
  const server = new EventEmitter();
  const made = new ConnectionLimiter({ total: 8, perAddress: 8, reserved: 2, ...limits }, rules);
  made.attach(server);
  const connect = (address: string): Socket => {
    const socket = new Socket(address);
    server.emit('connection', socket);
    return socket;
  };
  return { limiter: made, connect };
}

describe('limits of connections', () => {
  test('X-5: strangers never take what is reserved; the newest of a flood ends the oldest', () => {
    const { limiter: limits, connect } = limiter();
    const flood = Array.from({ length: 20 }, () => connect('198.51.100.1'));
    expect(flood.map(({ open }) => open)).toEqual(
      Array.from({ length: 20 }, (_, at) => at >= 20 - 6),
    );
    expect([limits.size, limits.strangers, limits.ended]).toEqual([6, 6, 14]);
  });

  test('X-5: whoever has identified itself is never ended by a flood', () => {
    const { limiter: limits, connect } = limiter();
    const people = [connect('203.0.113.1'), connect('203.0.113.2')];
    for (const socket of people) limits.identified(socket);
    for (let n = 0; n < 50; n += 1) connect('198.51.100.1');
    const late = connect('203.0.113.3');
    for (let n = 0; n < 50; n += 1) connect('198.51.100.1');
    expect([...people, late].map(({ open }) => open)).toEqual([true, true, true]);
    limits.identified(late);
    expect([limits.size, limits.strangers]).toEqual([8, 5]);
  });

  test('X-5: when everybody is registered, a new connection is refused', () => {
    const { limiter: limits, connect } = limiter({ total: 3, reserved: 1 });
    const people = [1, 2, 3].map((n) => {
      const socket = connect(`203.0.113.${n}`);
      limits.identified(socket);
      return socket;
    });
    expect(connect('203.0.113.4').open).toBe(false);
    expect(people.every(({ open }) => open)).toBe(true);
    people[0]?.destroy();
    expect(connect('203.0.113.4').open).toBe(true);
  });

  test('X-5: an address has a limit of its own, and an IPv6 network is one address', () => {
    const { connect } = limiter({ total: 100, perAddress: 2 });
    const own = [1, 2, 3].map((n) => connect(`2001:db8:0:1::${n}`));
    const other = connect('2001:db8:0:2::1');
    expect([...own, other].map(({ open }) => open)).toEqual([false, true, true, true]);
  });

  test('X-5: a proxy is limited in total only; the clients that it names have the limit of an address', () => {
    const { limiter: limits, connect } = limiter({ total: 100, perAddress: 2 });
    const through = Array.from({ length: 5 }, () => connect(PROXY));
    expect(through.every(({ open }) => open)).toBe(true);
    expect(through.map((socket) => limits.countAs(socket, PROXY))).not.toContain(false);
    for (const socket of through.slice(0, 2)) {
      expect(limits.countAs(socket, '203.0.113.7')).toBe(true);
      limits.identified(socket);
    }
    expect(limits.countAs(through[2]!, '203.0.113.7')).toBe(false);
    expect(limits.countAs(through[2]!, '203.0.113.8')).toBe(true);
    through[0]?.destroy();
    expect(limits.countAs(through[3]!, '203.0.113.7')).toBe(true);
    expect(limits.countAs(through[0]!, '203.0.113.9')).toBe(false);
  });

  test('X-5: a socket that is gone before it is counted is counted nowhere', () => {
    const { limiter: limits, connect } = limiter();
    const socket = new Socket('203.0.113.1');
    Object.assign(socket, { remoteAddress: undefined });
    const server = new EventEmitter();
    limits.attach(server);
    server.emit('connection', socket);
    expect([socket.open, limits.size]).toEqual([false, 0]);
    expect(connect('203.0.113.1').open).toBe(true);
  });

  test('X-5: whatever happens, the counts are those of the open sockets and within the limits', () => {
    const step = fc.record({
      act: fc.constantFrom('connect', 'identify', 'move', 'close'),
      who: fc.nat(40),
      address: fc.constantFrom(PROXY, '203.0.113.1', '203.0.113.2', '2001:db8::1', '2001:db8::2'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const { limiter: limits, connect } = limiter({ perAddress: 3 });
        const all: Socket[] = [];
        const identified = new Set<Socket>();
        for (const { act, who, address } of steps) {
          const socket = all[who];
          if (act === 'connect') all.push(connect(address));
          else if (socket === undefined) continue;
          else if (act === 'close') socket.destroy();
          else if (act === 'move') limits.countAs(socket, address);
          else {
            limits.identified(socket);
            if (socket.open) identified.add(socket);
          }
          const open = all.filter((each) => each.open);
          const strangers = open.filter((each) => !identified.has(each)).length;
          expect([limits.size, limits.strangers]).toEqual([open.length, strangers]);
          expect(open.length <= 8 && strangers <= 6).toBe(true);
        }
        for (const each of all) each.destroy();
        expect([limits.size, limits.strangers]).toEqual([0, 0]);
      }),
    );
  });
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:0001:0002::6', '2001:db8:1:2::/64'],
  ['2001:db8::6', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['1:2:3::', '1:2:3:0::/64'],
  ['unknown', 'unknown'],
])('%s is counted as %s', (address, group) => {
  expect(addressGroup(address)).toBe(group);
});
