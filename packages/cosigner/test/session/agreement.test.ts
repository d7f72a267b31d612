import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Approvals } from '../../src/approvals.ts';
import type { PeerMessage } from '../../src/peer/connection.ts';
import { Deadlines } from '../../src/session/deadlines.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import { joinedSides, mailOf, type Side, type Wishes } from '../support/halves.ts';
import { ADDRESS_OF_ONE, signedByOne } from '../../../../test/support/knownKey.ts';
import { KEY, share } from '../support/records.ts';

const MINUTE = 60_000;
const SIGN = { type: 'sign', partner: 'p2', keySessionId: KEY, message: 'pay' } as const;
const KEYGEN = { type: 'keygen', partner: 'p2' } as const;

describe('the clocks of a session', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  /** A side whose partner has its proposal, and says what the test says. */
  const alone = async (
    order: Parameters<Side['manager']['order']>[0],
    wishes: Wishes = {},
  ): Promise<{ p1: Side; id: string; status: (text: string) => void; error: () => unknown }> => {
    const { p1 } = joinedSides({ p1: wishes });
    p1.carries = () => true;
    const { session_id: id } = p1.manager.order(order).view;
    await vi.advanceTimersByTimeAsync(0);
    let seq = 100;
    const status = (text: string): void => {
      p1.manager.receive('p2', mailOf('session_sync', id, (seq += 1), { status: text }));
    };
    return { p1, id, status, error: () => p1.view(id)?.error?.code };
  };

  test('a partner that says over and over that it looks for primes is waited for once', async () => {
    const { status, error } = await alone(KEYGEN);
    for (let minute = 0; minute < 14; minute += 1) {
      status('preparing');
      await vi.advanceTimersByTimeAsync(MINUTE);
    }
    expect(error()).toBeUndefined();
    status('preparing');
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(error()).toBe('timeout');
  });

  test('a partner gains nothing by saying first the one and then the other', async () => {
    const { status, error } = await alone(KEYGEN);
    for (let minute = 0; minute < 15; minute += 1) {
      status(minute % 2 === 0 ? 'preparing' : 'awaiting_approval');
      await vi.advanceTimersByTimeAsync(MINUTE);
    }
    expect(error()).toBe('timeout');
  });

  test('primes are no reason to wait in a signature', async () => {
    const { status, error } = await alone(SIGN);
    status('preparing');
    await vi.advanceTimersByTimeAsync(129_000);
    expect(error()).toBeUndefined();
    status('preparing');
    await vi.advanceTimersByTimeAsync(2000);
    expect(error()).toBe('timeout');
  });

  test('a partner that asks a person is given time for it once', async () => {
    const { status, error } = await alone(SIGN);
    await vi.advanceTimersByTimeAsync(40_000);
    status('awaiting_approval');
    await vi.advanceTimersByTimeAsync(100_000);
    status('awaiting_approval');
    await vi.advanceTimersByTimeAsync(29_000);
    expect(error()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(2000);
    expect(error()).toBe('timeout');
  });

  test('a session ends with its own deadline however its steps are met', async () => {
    const { status, error } = await alone(SIGN, {
      deadlines: { step: 10, setup_step: 60, approval: 300, session: 180 },
    });
    status('awaiting_approval');
    await vi.advanceTimersByTimeAsync(179_000);
    expect(error()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(2000);
    expect(error()).toBe('timeout');
  });

  test('the deadline of a session holds while the rounds run, counted from the session’s beginning', async () => {
    const approvals = new Approvals('prompt', undefined);
    const { p1, p2 } = joinedSides({ p2: { approvals } });
    const { session_id: id } = p1.manager.order(SIGN).view;
    await vi.advanceTimersByTimeAsync(110_000);
    expect(p2.view(id)?.status).toBe('awaiting_approval');
    approvals.approve(id, p2.view(id)?.digest ?? '');
    await vi.advanceTimersByTimeAsync(0);
    expect([p1.view(id)?.status, p2.view(id)?.status]).toEqual(['running', 'running']);
    const step = { round: 1, from: 1, to: 2, body: 'AAAA', signature: '' } as const;
    for (let seconds = 110; seconds < 182; seconds += 3) {
      p1.lines.get(id)?.say({ event: 'frames', id, frames: [step] });
      await vi.advanceTimersByTimeAsync(3000);
    }
    expect(p1.view(id)?.error?.code).toBe('timeout');
  });

  test('one’s own search for primes does not count, and the session goes on with the time that it had', async () => {
    const { p1, error, id } = await alone(KEYGEN, {
      slow: true,
      deadlines: { step: 300, setup_step: 300, approval: 300, session: 180 },
    });
    expect(p1.view(id)?.status).toBe('preparing');
    await vi.advanceTimersByTimeAsync(60 * MINUTE);
    expect(error()).toBeUndefined();
    p1.givePrimes();
    await vi.advanceTimersByTimeAsync(179_000);
    expect(error()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(2000);
    expect(error()).toBe('timeout');
  });

  describe('X-9: of a machine that slept', () => {
    const NIGHT = 8 * 60 * MINUTE;
    const says = (side: Side, id: string, round: number): void => {
      const frame = { round, from: 2, to: 1, body: 'AAAA', signature: '' } as const;
      side.lines.get(id)?.say({ event: 'frames', id, frames: [frame] });
    };
    /** As a suspended machine finds it: the time of day has gone on, its timers have not. */
    const sleepThrough = (): void => void vi.setSystemTime(Date.now() + NIGHT);

    const running = async (): Promise<{ p1: Side; p2: Side; id: string }> => {
      const { p1, p2 } = joinedSides();
      const { session_id: id } = p1.manager.order(SIGN).view;
      await vi.advanceTimersByTimeAsync(0);
      expect([p1.view(id)?.status, p2.view(id)?.status]).toEqual(['running', 'running']);
      p2.sent.length = 0;
      return { p1, p2, id };
    };

    test('a message that was held back reaches no protocol thread, and the share is given up', async () => {
      const { p2, id } = await running();
      sleepThrough();
      p2.manager.receive('p1', {
        ...mailOf('sign_commit', id, 90, {}),
        round: 1,
        signature: 'AAAA',
      });
      await vi.advanceTimersByTimeAsync(0);
      expect(p2.view(id)).toMatchObject({ status: 'aborted', error: { code: 'timeout' } });
      expect(p2.lines.get(id)).toMatchObject({ frames: [], ended: true });
    });

    test('nothing of the protocol leaves it any more', async () => {
      const { p2, id } = await running();
      sleepThrough();
      says(p2, id, 2);
      await vi.advanceTimersByTimeAsync(0);
      expect(p2.sent.map(({ type }) => type)).not.toContain('sign_p2_nonce');
      expect(p2.view(id)?.error?.code).toBe('timeout');
    });

    test('P1 gives out no signature, which nobody has seen yet', async () => {
      const { p1 } = joinedSides({ address: ADDRESS_OF_ONE });
      const { session_id: id } = p1.manager.order(SIGN).view;
      await vi.advanceTimersByTimeAsync(0);
      sleepThrough();
      p1.lines
        .get(id)
        ?.say({ event: 'signature', id, signature: signedByOne(p1.view(id)?.digest ?? '') });
      await vi.advanceTimersByTimeAsync(0);
      expect(p1.view(id)).toMatchObject({ status: 'aborted', signature: null });
    });

    test('an approval of yesterday is certified by nobody', async () => {
      const approvals = new Approvals('prompt', undefined);
      const { p1, p2 } = joinedSides({ p2: { approvals } });
      const { session_id: id } = p1.manager.order(SIGN).view;
      await vi.advanceTimersByTimeAsync(0);
      const digest = p2.view(id)?.digest ?? '';
      sleepThrough();
      approvals.approve(id, digest);
      await vi.advanceTimersByTimeAsync(0);
      expect(p2.sent.filter(({ type }) => type === 'two_party_sign_init')).toEqual([]);
      expect(p2.view(id)).toMatchObject({ status: 'aborted', error: { code: 'timeout' } });
    });

    test('P2, whose last word has left, learns the signature all the same', async () => {
      const { p2, id } = await running();
      says(p2, id, 4);
      sleepThrough();
      const done = { ...mailOf('sign_done', id, 91, {}), round: 5, signature: 'AAAA' };
      p2.manager.receive('p1', done);
      expect(p2.lines.get(id)?.frames.map(({ round }) => round)).toEqual([5]);
    });

    test('it ends within a second when nothing comes', async () => {
      const { p2, id } = await running();
      sleepThrough();
      await vi.advanceTimersByTimeAsync(1000);
      expect(p2.view(id)?.error?.code).toBe('timeout');
    });
  });

  test('a clock that stands still keeps what is left, and one that is closed does not start again', () => {
    const late: string[] = [];
    const clocks = new Deadlines(10, Date.now, (which) => late.push(which));
    vi.advanceTimersByTime(6000);
    clocks.pause();
    clocks.pause();
    vi.advanceTimersByTime(60_000);
    clocks.resume();
    clocks.resume();
    vi.advanceTimersByTime(3900);
    expect(late).toEqual([]);
    vi.advanceTimersByTime(200);
    expect(late).toEqual(['session']);
    clocks.close();
    clocks.pause();
    clocks.resume();
    clocks.arm('step', 1);
    vi.advanceTimersByTime(60_000);
    expect(late).toEqual(['session']);
  });
});

test('R-4: a message that comes twice reaches the protocol once', async () => {
  const { p1 } = joinedSides();
  const { session_id: id } = p1.manager.order(SIGN).view;
  await eventually(() => expect(p1.view(id)?.status).toBe('running'));
  const nonce = { ...mailOf('sign_p2_nonce', id, 40, {}), round: 2, signature: 'AAAA' };
  for (const message of [nonce, nonce, { ...nonce, seq: 41 }]) p1.manager.receive('p2', message);
  expect(p1.lines.get(id)?.frames).toHaveLength(2);
  expect(p1.sent.filter(({ type }) => type === 'ack')).toHaveLength(4);
});

describe('a proposal', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  test('that is taken back while a person thinks is not certified, whatever the person says then', async () => {
    const approvals = new Approvals('prompt', undefined);
    const { p1, p2 } = joinedSides({ p2: { approvals } });
    const { session_id: id } = p1.manager.order(SIGN).view;
    await vi.advanceTimersByTimeAsync(0);
    expect(p2.view(id)?.status).toBe('awaiting_approval');
    p2.manager.receive('p1', mailOf('abort', id, 90, { code: 'timeout', reason: '' }));
    expect(() => approvals.approve(id, p2.view(id)?.digest ?? '')).not.toThrow();
    await vi.advanceTimersByTimeAsync(1000);
    expect(p2.sent.filter(({ type }) => type === 'two_party_sign_init')).toEqual([]);
    expect(p2.view(id)).toMatchObject({ status: 'aborted', error: { code: 'timeout' } });
  });

  test('Y-2: that nobody answers in the time for it is declined then, and not later', async () => {
    const approvals = new Approvals('prompt', undefined);
    const deadlines = { step: 10, setup_step: 60, approval: 20, session: 180 };
    const { p1, p2 } = joinedSides({ p2: { approvals, deadlines } });
    const { session_id: id } = p1.manager.order(SIGN).view;
    const digest = (): string => p2.view(id)?.digest ?? '';
    await vi.advanceTimersByTimeAsync(19_900);
    expect(p2.view(id)?.status).toBe('awaiting_approval');
    await vi.advanceTimersByTimeAsync(200);
    expect(p2.view(id)).toMatchObject({
      status: 'aborted',
      error: { code: 'declined', message: 'declined: no answer in time' },
    });
    expect(p1.view(id)?.error?.code).toBe('declined');
    expect(() => approvals.approve(id, digest())).toThrow(
      expect.objectContaining({ code: 'not_awaiting_approval' }),
    );
  });

  test('that is taken back in the moment of the approval stays over', async () => {
    const approvals = new Approvals('prompt', undefined);
    const { p1, p2 } = joinedSides({ p2: { approvals } });
    const { session_id: id } = p1.manager.order(SIGN).view;
    await vi.advanceTimersByTimeAsync(0);
    approvals.approve(id, p2.view(id)?.digest ?? '');
    p2.manager.receive('p1', mailOf('abort', id, 90, { code: 'timeout', reason: '' }));
    await vi.advanceTimersByTimeAsync(0);
    expect(p2.sent.filter(({ type }) => type === 'two_party_sign_init')).toEqual([]);
    expect(p2.view(id)).toMatchObject({ status: 'aborted', error: { code: 'timeout' } });
  });

  test('that a person declines ends at both sides, and no certificate leaves', async () => {
    const approvals = new Approvals('prompt', undefined);
    const { p1, p2 } = joinedSides({ p2: { approvals } });
    const { session_id: id } = p1.manager.order(SIGN).view;
    await vi.advanceTimersByTimeAsync(0);
    approvals.decline(id, 'no');
    await vi.advanceTimersByTimeAsync(0);
    expect([p1.view(id)?.error?.code, p2.view(id)?.error?.code]).toEqual(['declined', 'declined']);
    expect(p2.sent.filter(({ type }) => type === 'two_party_sign_init')).toEqual([]);
  });

  test('whose session ended while primes were looked for is not certified', async () => {
    const { p1, p2 } = joinedSides({ p2: { slow: true } });
    const { session_id: id } = p1.manager.order(KEYGEN).view;
    await vi.advanceTimersByTimeAsync(0);
    expect(p2.view(id)?.status).toBe('preparing');
    p2.manager.receive('p1', mailOf('abort', id, 90, { code: 'timeout', reason: '' }));
    p2.givePrimes();
    await vi.advanceTimersByTimeAsync(0);
    expect(p2.sent.filter(({ type }) => type === 'two_party_sign_init')).toEqual([]);
    expect(p2.view(id)).toMatchObject({ status: 'aborted', error: { code: 'timeout' } });
  });

  /** A refresh that became the key at both sides, as seen by a session that began before. */
  const refreshed = (...sides: Side[]): void => {
    for (const { keys } of sides) {
      keys.update(KEY, (record) => ({ ...record, share: share(1) }));
    }
  };
  const mismatched = (sides: readonly Side[], id: string): void => {
    for (const side of sides) {
      expect(side.view(id)).toMatchObject({ status: 'aborted', error: { code: 'epoch_mismatch' } });
      expect(side.lines.get(id)?.starts ?? []).toEqual([]);
      expect(side.keys.find(KEY)?.lock.state).toBe('none');
    }
  };

  test('Z-11: whose certificate comes when a refresh is the key ends as such, and nobody is blamed', async () => {
    const keepEvidence = vi.fn();
    const { p1, p2 } = joinedSides({ p1: { keepEvidence }, p2: { keepEvidence } });
    const held: PeerMessage[] = [];
    const { carries } = p2;
    p2.carries = (message) => {
      if (message.type !== 'two_party_sign_init') return carries(message);
      held.push(message);
      return true;
    };
    const { session_id: id } = p1.manager.order(SIGN).view;
    await vi.advanceTimersByTimeAsync(0);
    // P2 has begun with the share that it had then.
    expect(p2.lines.get(id)?.starts).toHaveLength(1);
    refreshed(p1, p2);
    for (const message of held) p1.manager.receive('p2', message);
    await vi.advanceTimersByTimeAsync(0);
    mismatched([p1], id);
    expect(p2.view(id)?.error?.code).toBe('epoch_mismatch');
    expect(keepEvidence).not.toHaveBeenCalled();
  });

  test('Z-11: that a person approves after a refresh is not certified', async () => {
    const approvals = new Approvals('prompt', undefined);
    const { p1, p2 } = joinedSides({ p2: { approvals } });
    const { session_id: id } = p1.manager.order(SIGN).view;
    await vi.advanceTimersByTimeAsync(0);
    refreshed(p1, p2);
    approvals.approve(id, p2.view(id)?.digest ?? '');
    await vi.advanceTimersByTimeAsync(0);
    expect(p2.sent.filter(({ type }) => type === 'two_party_sign_init')).toEqual([]);
    mismatched([p1, p2], id);
  });

  test('Z-11: whose key is opened while a refresh becomes the key does not begin', async () => {
    const hold = { open: (): void => undefined };
    const opened = new Promise<void>((resolve) => {
      hold.open = resolve;
    });
    const { p1, p2 } = joinedSides({ p1: { opened } });
    const { session_id: id } = p1.manager.order(SIGN).view;
    await vi.advanceTimersByTimeAsync(0);
    refreshed(p1, p2);
    hold.open();
    await vi.advanceTimersByTimeAsync(0);
    mismatched([p1], id);
  });
});
