import type { RoundFrame } from '@quorate/holder';
import { parseAddress } from '@quorate/intent';
import { NO_LOCK } from '@quorate/tss/lindell17';
import { beforeAll, describe, expect, test } from 'vitest';
import { fixturePairs } from '../../../../test/support/fixturePrimes.ts';
import { ProtocolHost } from '../../src/worker/host.ts';
import type { NewShare, WorkerEvent, WorkerOrder } from '../../src/worker/protocol.ts';

type Side = 0 | 1;

/** The protocol threads of both sides, without the threads, and the way between them. */
class Hosts {
  readonly events: [WorkerEvent[], WorkerEvent[]] = [[], []];
  readonly #queue: { id: string; to: Side; frame: RoundFrame }[] = [];
  readonly #hosts = ([0, 1] as const).map(
    (side) => new ProtocolHost((event) => this.#on(side, event)),
  );
  /** What becomes of a frame on its way. */
  change: (frame: RoundFrame) => RoundFrame = (frame) => frame;

  order(side: Side, order: WorkerOrder): void {
    this.#hosts[side]!.handle(order);
  }

  /** The certified keys of both. */
  prepare(id: string): [PeerKeys, PeerKeys] {
    return [0, 1].map((side) => {
      this.order(side as Side, { order: 'prepare', id });
      const { x25519, ed25519 } = this.last(side as Side, 'prepared');
      return { index: side + 1, x25519, ed25519 };
    }) as [PeerKeys, PeerKeys];
  }

  deliver(): void {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      const { id, to, frame } = next;
      this.order(to, { order: 'receive', id, frame: this.change(frame) });
    }
  }

  of<E extends WorkerEvent['event']>(side: Side, id: string, name: E) {
    return this.events[side].filter(
      (event): event is Extract<WorkerEvent, { event: E }> =>
        event.event === name && event.id === id,
    );
  }

  last<E extends WorkerEvent['event']>(side: Side, name: E) {
    return this.events[side].findLast((event) => event.event === name) as Extract<
      WorkerEvent,
      { event: E }
    >;
  }

  #on(side: Side, event: WorkerEvent): void {
    this.events[side].push(event);
    if (event.event !== 'frames') return;
    const to = side === 0 ? 1 : 0;
    for (const frame of event.frames) this.#queue.push({ id: event.id, to, frame });
  }
}

interface PeerKeys {
  readonly index: number;
  readonly x25519: Uint8Array;
  readonly ed25519: Uint8Array;
}

const KEY = 'key/0';
const sid = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
/** A frame that nobody can read: what a fault of our own around the protocol looks like. */
const unreadable = (frame: RoundFrame): RoundFrame => ({
  ...frame,
  get body(): string {
    throw new TypeError('a fault');
  },
});

describe('X-4: a fault of our own in one session', () => {
  let shares: [NewShare, NewShare];

  beforeAll(() => {
    const hosts = new Hosts();
    const keys = hosts.prepare('k');
    const [first, second, third] = fixturePairs(2048);
    for (const side of [0, 1] as const) {
      const index = side === 0 ? 1 : 2;
      const primes = side === 0 ? { pedersen: first!, paillier: second! } : { pedersen: third! };
      const peer = keys[side === 0 ? 1 : 0];
      hosts.order(side, {
        order: 'start',
        id: 'k',
        start: { kind: 'keygen', sid: sid(9), index, peer, bits: 2048, primes, knownModuli: [] },
      });
    }
    hosts.deliver();
    shares = [hosts.last(0, 'share').share, hosts.last(1, 'share').share];
  });

  function signing(...ids: string[]): Hosts {
    const hosts = new Hosts();
    for (const side of [0, 1] as const) {
      const { address, opener, ...share } = shares[side];
      const facts = { address: parseAddress(address), opener: Uint8Array.from(opener) };
      const index = side === 0 ? 1 : 2;
      hosts.order(side, { order: 'hold', key: KEY, share: { ...share, ...facts, index } });
    }
    for (const [at, id] of ids.entries()) {
      const keys = hosts.prepare(id);
      for (const side of [0, 1] as const) {
        const peer = keys[side === 0 ? 1 : 0];
        const index = side === 0 ? 1 : 2;
        const base = { kind: 'sign', sid: sid(at + 1), index, peer } as const;
        hosts.order(side, {
          order: 'start',
          id,
          start: { ...base, key: KEY, lock: NO_LOCK, digest: sid(5) },
        });
      }
    }
    return hosts;
  }

  test('ends that session as internal-error, says where in the log, and leaves the others alone', () => {
    const hosts = signing('bad', 'good');
    const frame = { round: 2, from: 2, to: 1, body: '', signature: '' };
    hosts.order(0, { order: 'receive', id: 'bad', frame: unreadable(frame) });
    expect(hosts.of(0, 'bad', 'aborted')).toMatchObject([
      { abort: { reason: 'internal-error', culprits: [], keyUnsafe: null } },
    ]);
    const { fault } = hosts.last(0, 'fault');
    expect(fault).toMatchObject({ name: 'TypeError', message: null });
    expect(fault.at.length).toBeGreaterThan(1);
    hosts.deliver();
    expect(hosts.of(0, 'good', 'signature')).toHaveLength(1);
    expect(hosts.of(1, 'good', 'signature')).toHaveLength(1);
    expect(hosts.of(0, 'bad', 'signature')).toHaveLength(0);
  });

  test('with P2’s last message in hand makes P1’s key unsafe, and ends its other sessions in the same turn', () => {
    const hosts = signing('bad', 'other');
    let seen = false;
    hosts.change = (frame) => {
      const first = frame.round === 4 && !seen;
      seen ||= first;
      return first ? unreadable(frame) : frame;
    };
    hosts.deliver();
    const [bad] = hosts.of(0, 'bad', 'aborted');
    expect(bad?.abort).toMatchObject({ reason: 'internal-error', keyUnsafe: 'refreshable' });
    const [other] = hosts.of(0, 'other', 'aborted');
    expect(other?.abort).toMatchObject({ reason: 'key-unsafe' });
    expect(hosts.events[0].filter(({ event }) => event === 'signature')).toEqual([]);
  });

  test('of P2 locks nothing, in whatever round', () => {
    const hosts = signing('bad');
    hosts.change = (frame) => (frame.round === 3 ? unreadable(frame) : frame);
    hosts.deliver();
    const [bad] = hosts.of(1, 'bad', 'aborted');
    expect(bad?.abort).toMatchObject({ reason: 'internal-error', keyUnsafe: null });
  });

  test('a partner’s key that gives no secret ends its session with a word', () => {
    const hosts = new Hosts();
    const [own] = hosts.prepare('k');
    const peer = { ...own, index: 2, x25519: new Uint8Array(32) };
    const [first, second] = fixturePairs(2048);
    const primes = { pedersen: first!, paillier: second! };
    const start = { kind: 'keygen', sid: sid(1), index: 1, peer, bits: 2048 } as const;
    hosts.order(0, {
      order: 'start',
      id: 'k',
      start: { ...start, primes, knownModuli: [] },
    });
    expect(hosts.last(0, 'refused')).toMatchObject({ reason: 'session/refused' });
    expect(hosts.of(0, 'k', 'frames')).toEqual([]);
  });
});
