import { randomBytes } from 'node:crypto';
import { toHex } from '@quorate/intent';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import type { SessionRecords } from '../../src/store/sessionRecords.ts';
import type { NewShare } from '../../src/worker/protocol.ts';
import { joinedSides, mailOf, makeSide, type Side } from '../support/halves.ts';
import { ADDRESS_OF_ONE, signedByOne } from '../../../../test/support/knownKey.ts';
import { KEY } from '../support/records.ts';

const SIGN = { type: 'sign', partner: 'p2', keySessionId: KEY, message: 'pay 1000' } as const;
const DAY_MS = 86_400_000;
const frame = (round: number, from: 1 | 2) =>
  ({ round, from, to: from === 1 ? 2 : 1, body: 'AAAA', signature: '' }) as const;

describe('a signature of which P2 does not know whether it exists', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  interface Running {
    readonly p1: Side;
    readonly p2: Side;
    readonly id: string;
    /** Where P2's store is. */
    readonly directory: string;
    /** P1's thread has the signature. */
    readonly sign: () => void;
  }

  /** Both sides run; P2's last message has left, and P1 says nothing that reaches P2. */
  const partialSent = async (wishes: Parameters<typeof joinedSides>[0] = {}): Promise<Running> => {
    const directory = temporaryDirectory();
    const p2Wishes = { directory, ...wishes.p2 };
    const { p1, p2 } = joinedSides({ address: ADDRESS_OF_ONE, p1: wishes.p1 ?? {}, p2: p2Wishes });
    const { session_id: id } = p1.manager.order(SIGN).view;
    await vi.advanceTimersByTimeAsync(0);
    expect([p1.view(id)?.status, p2.view(id)?.status]).toEqual(['running', 'running']);
    p2.lines.get(id)?.say({ event: 'frames', id, frames: [frame(4, 2)] });
    expect(p1.lines.get(id)?.frames.map(({ round }) => round)).toEqual([4]);
    cut(p1);
    const sign = (): void => {
      const line = p1.lines.get(id);
      line?.say({ event: 'frames', id, frames: [frame(5, 1)] });
      line?.say({ event: 'signature', id, signature: signedByOne(p1.view(id)?.digest ?? '') });
    };
    return { p1, p2, id, directory, sign };
  };
  const cut = (side: Side): void => {
    side.carries = () => true;
  };
  const join1to2 = ({ p1, p2 }: Running): void => {
    p1.carries = (message) => {
      p2.manager.receive('p1', message);
      return true;
    };
  };
  const hexOf = ({ p1, id }: Running): string =>
    `0x${toHex(signedByOne(p1.view(id)?.digest ?? ''))}`;
  const UNKNOWN = { status: 'unknown_outcome', error: { code: 'unknown_outcome' } };

  test('Z-9: is unknown at its deadline, and complete when P1 has answered', async () => {
    const running = await partialSent();
    const { p1, p2, id } = running;
    running.sign();
    await vi.advanceTimersByTimeAsync(0);
    expect(p1.view(id)).toMatchObject({ status: 'completed', signature: hexOf(running) });
    await vi.advanceTimersByTimeAsync(11_000);
    expect(p2.view(id)).toMatchObject({ ...UNKNOWN, signature: null });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(p2.view(id)).toMatchObject(UNKNOWN);
    join1to2(running);
    p2.manager.connected('p1');
    await vi.advanceTimersByTimeAsync(0);
    expect(p2.view(id)).toMatchObject({
      status: 'completed',
      step: 'StepCompleted',
      signature: hexOf(running),
      error: null,
    });
  });

  test('Z-9: is asked for again while the partner is connected', async () => {
    const running = await partialSent();
    running.sign();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(running.p2.view(running.id)).toMatchObject(UNKNOWN);
    join1to2(running);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(running.p2.view(running.id)).toMatchObject({ status: 'completed' });
  });

  test('Z-9: does not exist when P1 says so, and the code is P1’s', async () => {
    const running = await partialSent();
    const { p1, p2, id } = running;
    await vi.advanceTimersByTimeAsync(181_000);
    expect(p1.view(id)?.status).toBe('aborted');
    expect(p2.view(id)).toMatchObject(UNKNOWN);
    join1to2(running);
    p2.manager.connected('p1');
    expect(p2.view(id)).toMatchObject({ status: 'aborted', error: { code: 'timeout' } });
  });

  test('Z-9: that P1 answers at once is not unknown for a moment', async () => {
    const { p2, id } = await partialSent();
    p2.manager.receive('p1', mailOf('abort', id, 90, { code: 'key_locked', reason: '' }));
    await vi.advanceTimersByTimeAsync(0);
    expect(p2.view(id)).toMatchObject({ status: 'aborted', error: { code: 'key_locked' } });
  });

  test('Z-9: before P2’s last message a deadline is a deadline', async () => {
    const { p1, p2 } = joinedSides();
    const { session_id: id } = p1.manager.order(SIGN).view;
    await vi.advanceTimersByTimeAsync(0);
    cut(p1);
    p2.lines.get(id)?.say({ event: 'frames', id, frames: [frame(2, 2)] });
    await vi.advanceTimersByTimeAsync(11_000);
    expect(p2.view(id)).toMatchObject({ status: 'aborted', error: { code: 'timeout' } });
  });

  test.each([
    ['stops', ({ p2 }: Running) => p2.manager.stop()],
    [
      'loses its thread',
      ({ p2, id }: Running) =>
        p2.lines.get(id)?.say({ event: 'refused', id, reason: 'x', message: 'x' }),
    ],
    ['is killed', () => undefined],
  ])('Z-9: is unknown, and asked for, after a start of a P2 that %s', async (_, end) => {
    const running = await partialSent();
    const { p1, p2, id, directory } = running;
    running.sign();
    end(running);
    await vi.advanceTimersByTimeAsync(0);
    const again = makeSide(2, p2.party, [p1.party], { directory });
    expect(again.view(id)).toMatchObject(UNKNOWN);
    again.carries = (message) => {
      p1.manager.receive('p2', message);
      return true;
    };
    p1.carries = (message) => {
      again.manager.receive('p1', message);
      return true;
    };
    again.manager.connected('p1');
    expect(again.view(id)).toMatchObject({ status: 'completed', signature: hexOf(running) });
  });

  test.each([
    ['with another digest’s', () => `0x${toHex(signedByOne(`0x${'12'.repeat(32)}`))}`],
    ['with none', () => 'nonsense'],
  ])('Z-9: is not there because P1 says completed %s signature', async (_, signature) => {
    const { p2, id } = await partialSent();
    await vi.advanceTimersByTimeAsync(11_000);
    const claim = { status: 'completed', signature: signature() };
    p2.manager.receive('p1', mailOf('session_sync', id, 0, claim));
    expect(p2.view(id)).toMatchObject({ ...UNKNOWN, signature: null });
  });

  test.each([
    ['recent', 29, { status: 'aborted', error: { code: 'aborted' } }],
    ['old', 31, UNKNOWN],
  ])(
    'Z-9: a P1 that does not know a %s session answers for it only while it would',
    async (_, days, then) => {
      const { p2, id } = await partialSent();
      await vi.advanceTimersByTimeAsync(11_000);
      vi.setSystemTime(Date.now() + days * DAY_MS);
      p2.manager.receive('p1', mailOf('abort', id, 0, { code: 'unknown_session', reason: '' }));
      expect(p2.view(id)).toMatchObject(then);
    },
  );

  test('Z-9: P1 says that it does not know a session, and not that nothing came of it', async () => {
    const { p1 } = joinedSides();
    const id = 'ee'.repeat(16);
    p1.manager.receive('p2', mailOf('session_sync', id, 0, {}));
    expect(p1.sent.at(-1)).toEqual(mailOf('abort', id, 0, { code: 'unknown_session', reason: '' }));
  });

  test('Z-9: nobody else than its partner tells what came of it', async () => {
    const { p2, id } = await partialSent();
    await vi.advanceTimersByTimeAsync(11_000);
    p2.manager.receive('p3', mailOf('abort', id, 0, { code: 'aborted', reason: '' }));
    expect(p2.view(id)).toMatchObject(UNKNOWN);
  });
});

describe('P1’s signature', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  /** P1 is given a signature while its disk takes the end of a session or not. */
  const signed = async (isFull: boolean) => {
    const events: string[] = [];
    const sessions = (real: SessionRecords): SessionRecords =>
      Object.assign(Object.create(null) as object, {
        find: (id: string) => real.find(id),
        findByRequest: () => undefined,
        unknown: () => [],
        retain: () => undefined,
        add: (record: Parameters<SessionRecords['add']>[0]) => real.add(record),
        list: (query: Parameters<SessionRecords['list']>[0]) => real.list(query),
        show: (id: string, change: Parameters<SessionRecords['show']>[1]) => real.show(id, change),
        settle: (id: string, change: Parameters<SessionRecords['settle']>[1]) =>
          real.settle(id, change),
        written: () => real.written(),
        end: async (id: string, change: Parameters<SessionRecords['end']>[1]) => {
          await real.end(id, change);
          events.push(`${change.status} written`);
          if (isFull && change.status === 'completed') throw new Error('no space left');
        },
      });
    const { p1, p2 } = joinedSides({ address: ADDRESS_OF_ONE, p1: { sessions } });
    const { session_id: id } = p1.manager.order(SIGN).view;
    await vi.advanceTimersByTimeAsync(0);
    p2.lines.get(id)?.say({ event: 'frames', id, frames: [frame(4, 2)] });
    const { carries } = p1;
    p1.carries = (message) => {
      events.push(`${message.type} sent`);
      return carries(message);
    };
    events.length = 0;
    const line = p1.lines.get(id);
    line?.say({ event: 'frames', id, frames: [frame(5, 1)] });
    line?.say({ event: 'signature', id, signature: signedByOne(p1.view(id)?.digest ?? '') });
    await vi.advanceTimersByTimeAsync(0);
    return { p1, p2, id, events };
  };

  test('Z-9: is on disk before it leaves', async () => {
    const { p1, p2, id, events } = await signed(false);
    expect(events.slice(0, 2)).toEqual(['completed written', 'sign_done sent']);
    expect(p1.view(id)?.status).toBe('completed');
    expect(p2.lines.get(id)?.frames.map(({ round }) => round)).toEqual([5]);
  });

  test('Z-9: that cannot be written is none: nobody sees it, and P2 is told so', async () => {
    const { p1, p2, id, events } = await signed(true);
    expect(events).not.toContain('sign_done sent');
    expect(p1.view(id)).toMatchObject({
      status: 'failed',
      signature: null,
      error: { code: 'internal' },
    });
    expect(p2.view(id)).toMatchObject({ status: 'aborted', signature: null });
  });
});

describe('a share of which P2 does not know whether it is the key', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  const madeShare = (): NewShare => ({
    publicKey: Buffer.concat([Buffer.of(2), randomBytes(32)]),
    address: `0x${'22'.repeat(20)}`,
    keyId: randomBytes(32),
    epoch: 1,
    recordId: randomBytes(32),
    moduli: [BigInt(`0x${randomBytes(16).toString('hex')}`) * 2n + 1n],
    encryptedShard: randomBytes(40),
    opener: Uint8Array.from(randomBytes(32)),
  });

  test.each([
    ['completed', true],
    ['aborted', false],
  ])(
    'Z-9: its session is unknown at the deadline, and %s when the key record has told',
    async (status, isKey) => {
      const { p1, p2 } = joinedSides();
      const order = { type: 'refresh', partner: 'p2', keySessionId: KEY } as const;
      const { session_id: id } = p1.manager.order(order).view;
      await vi.advanceTimersByTimeAsync(0);
      if (isKey) p1.lines.get(id)?.say({ event: 'share', id, share: madeShare() });
      await vi.advanceTimersByTimeAsync(0);
      const { carries } = p1;
      p1.carries = () => true;
      p2.lines.get(id)?.say({ event: 'share', id, share: madeShare() });
      await vi.advanceTimersByTimeAsync(0);
      expect(p1.keys.find(KEY)?.share.epoch).toBe(isKey ? 1 : 0);
      await vi.advanceTimersByTimeAsync(181_000);
      expect(p2.view(id)).toMatchObject({ status: 'unknown_outcome' });
      p1.carries = carries;
      p2.manager.connected('p1');
      expect(p2.view(id)?.status).toBe(status);
      expect(p2.keys.find(KEY)).toMatchObject({ share: { epoch: isKey ? 1 : 0 }, next: null });
    },
  );
});
