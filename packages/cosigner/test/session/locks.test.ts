import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SessionAbort } from '../../src/worker/protocol.ts';
import { Disk } from '../support/disk.ts';
import { joinedSides, mailOf, type Side, type Wishes } from '../support/halves.ts';
import { KEY } from '../support/records.ts';

const SIGN = { type: 'sign', partner: 'p2', keySessionId: KEY, message: 'pay' } as const;
const UNSAFE: SessionAbort = {
  reason: 'invalid-proof',
  culprits: [2],
  keyUnsafe: 'refreshable',
  round: 4,
  message: 'a proof that does not hold',
  evidence: [{ round: 4, from: 2, to: 1, plaintext: 'AAAA', signature: 'AAAA' }],
};

describe('the lock of a key', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  /** A disk that takes no lock while it is broken. */
  const brokenDisk = (): Disk & { broken: boolean } => {
    const disk = Object.assign(new Disk(), { broken: false });
    disk.refuses = ({ lock }) => disk.broken && lock.state !== 'none';
    return disk;
  };

  /** Two sessions of one key that run at P1; P2 hears everything and says nothing. */
  const twoRunning = async (wishes: Wishes): Promise<{ p1: Side; p2: Side; ids: string[] }> => {
    const { p1, p2 } = joinedSides({ p1: wishes });
    const ids = [1, 2].map(() => p1.manager.order(SIGN).view.session_id);
    await vi.advanceTimersByTimeAsync(0);
    expect(ids.map((id) => p1.view(id)?.status)).toEqual(['running', 'running']);
    return { p1, p2, ids };
  };
  const unsafe = ({ lines }: Side, id = ''): void =>
    lines.get(id)?.say({ event: 'aborted', id, abort: UNSAFE });
  const codes = (side: Side, ids: readonly string[]): unknown[] =>
    ids.map((id) => side.view(id)?.error?.code);

  test('L-1b: is on disk, and every session of the key over, before anything is said', async () => {
    const { p1, p2, ids } = await twoRunning({});
    const said = p1.sent.length;
    const atFirstWord: unknown[] = [];
    const { carries } = p1;
    p1.carries = (message) => {
      atFirstWord.push(p1.keys.find(KEY)?.lock.state);
      return carries(message);
    };
    unsafe(p1, ids[0]);
    await vi.advanceTimersByTimeAsync(0);
    expect(p1.sent.length).toBeGreaterThan(said);
    expect(new Set(atFirstWord)).toEqual(new Set(['refreshable']));
    expect(codes(p1, ids)).toEqual(['key_locked', 'key_locked']);
    expect(codes(p2, ids)).toEqual(['key_locked', 'key_locked']);
  });

  test('L-1b: is on disk before its evidence is', async () => {
    const states: unknown[] = [];
    const keepEvidence = (): void => void states.push(p1.keys.find(KEY)?.lock.state);
    const { p1, ids } = await twoRunning({ keepEvidence });
    unsafe(p1, ids[0]);
    expect(states).toEqual(['refreshable']);
  });

  test('L-1b: that cannot be written stops the key in memory, is logged, and nobody is answered', async () => {
    const disk = brokenDisk();
    const { p1, ids } = await twoRunning(disk);
    disk.broken = true;
    const [cause = '', other = ''] = ids;
    // A message that P2 has not acknowledged is not repeated either.
    p1.carries = () => true;
    const frame = { round: 1, from: 1, to: 2, body: 'AAAA', signature: '' } as const;
    p1.lines.get(other)?.say({ event: 'frames', id: other, frames: [frame] });
    const said = p1.sent.length;
    unsafe(p1, cause);
    expect(p1.log.some((line) => line.startsWith('a lock cannot be written'))).toBe(true);
    expect(ids.map((id) => p1.lines.get(id)?.ended)).toEqual([true, true]);
    // What P2 says then, and what it asks, is not answered; not even that it came.
    const round = { type: 'sign_p2_nonce', round: 2, signature: 'AAAA' } as const;
    for (const id of [cause, other]) {
      p1.manager.receive('p2', { ...mailOf('sign_p2_nonce', id, 70, {}), ...round });
      p1.manager.receive('p2', mailOf('session_sync', id, 71, {}));
      p1.manager.receive('p2', mailOf('abort', id, 72, { code: 'timeout', reason: '' }));
    }
    const proposal = {
      operation: 'sign',
      reply: false,
      certificate: Buffer.alloc(240).toString('base64'),
      key_session_id: KEY,
      epoch: 0,
      message: 'again',
      hash: 'eip191',
    };
    p1.manager.receive('p2', mailOf('two_party_sign_init', 'ee'.repeat(16), 1, proposal));
    expect(p1.view('ee'.repeat(16))).toBeUndefined();
    expect(() => p1.manager.order(SIGN)).toThrow('locked');
    p1.lines.get(other)?.say({ event: 'signature', id: other, signature: new Uint8Array(65) });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(p1.sent.length).toBe(said);
    expect(ids.map((id) => p1.view(id)?.status)).toEqual(['aborted', 'aborted']);
    expect(p1.keys.find(KEY)?.lock.state).toBe('none');
  });

  test('L-1b: that cannot be written keeps a refresh of the key from storing its share', async () => {
    const disk = brokenDisk();
    const { p1, ids } = await twoRunning(disk);
    const order = { type: 'refresh', partner: 'p2', keySessionId: KEY } as const;
    const { session_id: refresh } = p1.manager.order(order).view;
    await vi.advanceTimersByTimeAsync(0);
    disk.broken = true;
    unsafe(p1, ids[0]);
    const opener = Uint8Array.from({ length: 32 }, () => 7);
    const share = {
      publicKey: new Uint8Array(33),
      address: `0x${'22'.repeat(20)}`,
      keyId: new Uint8Array(32),
      epoch: 1,
      recordId: new Uint8Array(32),
      moduli: [15n],
      encryptedShard: new Uint8Array(40),
      opener,
    };
    p1.lines.get(refresh)?.say({ event: 'share', id: refresh, share });
    expect(opener).toEqual(new Uint8Array(32));
    expect(p1.keys.find(KEY)?.next).toBeNull();
  });

  test('L-1b: that could not be written is written when it can be, and then everybody is told', async () => {
    const disk = brokenDisk();
    const { p1, p2, ids } = await twoRunning(disk);
    disk.broken = true;
    unsafe(p1, ids[0]);
    disk.broken = false;
    await vi.advanceTimersByTimeAsync(2000);
    expect(p1.keys.find(KEY)?.lock).toMatchObject({ state: 'refreshable', session_id: ids[0] });
    expect(codes(p1, ids)).toEqual(['key_locked', 'key_locked']);
    expect(codes(p2, ids)).toEqual(['key_locked', 'key_locked']);
    expect(p1.manager.running).toBe(0);
  });

  test('L-1b: that could not be written is tried once more when the server stops, and nothing is said if it fails', async () => {
    const disk = brokenDisk();
    const { p1, ids } = await twoRunning(disk);
    disk.broken = true;
    unsafe(p1, ids[0]);
    const said = p1.sent.length;
    p1.manager.stop();
    expect(p1.sent.length).toBe(said);
    disk.broken = false;
    p1.manager.stop();
    expect(p1.keys.find(KEY)?.lock.state).toBe('refreshable');
    await vi.advanceTimersByTimeAsync(0);
    expect(codes(p1, ids)).toEqual(['key_locked', 'key_locked']);
  });

  test('L-1b: does not depend on the evidence, whose loss is logged', async () => {
    const { p1, ids } = await twoRunning({
      keepEvidence: () => {
        throw new Error('no space left');
      },
    });
    unsafe(p1, ids[0]);
    await vi.advanceTimersByTimeAsync(0);
    expect(p1.log).toContain('the evidence cannot be written');
    expect(p1.keys.find(KEY)?.lock.state).toBe('refreshable');
    expect(codes(p1, ids)).toEqual(['key_locked', 'key_locked']);
  });

  test('L-1b: holds when the session that shows it is over already', async () => {
    const { p1, ids } = await twoRunning({});
    const [cause = '', other = ''] = ids;
    p1.manager.receive('p2', mailOf('abort', cause, 72, { code: 'timeout', reason: '' }));
    unsafe(p1, cause);
    expect(p1.keys.find(KEY)?.lock.state).toBe('refreshable');
    await vi.advanceTimersByTimeAsync(0);
    expect(codes(p1, [other])).toEqual(['key_locked']);
  });

  test('L-1b: that came while the certificates travelled keeps the protocol from beginning', async () => {
    const { p1, p2, ids } = await twoRunning({});
    p1.carries = () => true;
    const { session_id: late } = p1.manager.order({ ...SIGN, message: 'late' }).view;
    await vi.advanceTimersByTimeAsync(0);
    // Locked by a session that a restart has forgotten: nothing ends this one but its own look.
    p1.keys.update(KEY, (record) => ({
      ...record,
      lock: { state: 'refreshable', reopened: 0, session_id: KEY, at: 1 },
    }));
    const proposal = p1.sent.at(-1);
    if (proposal === undefined) throw new Error('no proposal');
    p2.manager.receive('p1', proposal);
    await vi.advanceTimersByTimeAsync(0);
    expect(codes(p1, [late])).toEqual(['key_locked']);
    expect(p1.lines.get(late)?.starts).toEqual([]);
    expect(ids).toHaveLength(2);
  });

  test('blames of public checks, and everything that P2 finds, lock nothing', async () => {
    const { p1, p2, ids } = await twoRunning({});
    const [one = '', two = ''] = ids;
    const blame = { ...UNSAFE, keyUnsafe: null };
    p1.lines.get(one)?.say({ event: 'aborted', id: one, abort: blame });
    p2.lines.get(two)?.say({ event: 'aborted', id: two, abort: UNSAFE });
    expect([p1, p2].map((side) => side.keys.find(KEY)?.lock.state)).toEqual(['none', 'none']);
    await vi.advanceTimersByTimeAsync(0);
    expect(codes(p1, ids)).toEqual(['aborted', 'key_locked']);
  });

  test('a signature of the thread that does not verify fails the session, and is not shown', async () => {
    const { p1, ids } = await twoRunning({});
    const [id = ''] = ids;
    const signature = new Uint8Array(65).fill(1);
    p1.lines.get(id)?.say({ event: 'signature', id, signature });
    await vi.advanceTimersByTimeAsync(0);
    expect(p1.view(id)).toMatchObject({ status: 'failed', signature: null });
    expect(p1.view(id)?.error?.code).toBe('internal');
  });
});
