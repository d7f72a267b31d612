import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { Approvals } from '../src/approvals.ts';
import { openEvidence } from '../src/store/evidence.ts';
import type { NewShare, SessionAbort } from '../src/worker/protocol.ts';
import { Disk } from './support/disk.ts';
import { joinedSides, mailOf, type Side } from './support/halves.ts';
import { KEY } from './support/records.ts';

const SIGN = { type: 'sign', partner: 'p2', keySessionId: KEY, message: 'pay' } as const;
const NEW = 'ee'.repeat(16);
const UNSAFE: SessionAbort = {
  reason: 'invalid-proof',
  culprits: [2],
  keyUnsafe: 'refreshable',
  round: 4,
  message: 'a proof that does not hold',
  evidence: [],
};

const proposal = {
  operation: 'keygen',
  reply: false,
  certificate: Buffer.alloc(240).toString('base64'),
  paillier_bits: 2048,
};

const madeShare = (): NewShare => ({
  publicKey: Buffer.concat([Buffer.of(2), randomBytes(32)]),
  address: `0x${'22'.repeat(20)}`,
  keyId: randomBytes(32),
  epoch: 1,
  recordId: randomBytes(32),
  moduli: [15n],
  encryptedShard: randomBytes(40),
  opener: Uint8Array.from(randomBytes(32)),
});

describe('a disk that is full', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  const begun = async (
    type: 'sign' | 'refresh',
  ): Promise<{ p1: Side; p2: Side; disk: Disk; id: string }> => {
    const disk = new Disk();
    const { p1, p2 } = joinedSides({ p1: disk });
    const order = { type, partner: 'p2', keySessionId: KEY } as const;
    const { session_id: id } = p1.manager.order(type === 'sign' ? SIGN : order).view;
    await vi.advanceTimersByTimeAsync(0);
    return { p1, p2, disk, id };
  };
  const unsafe = ({ lines }: Side, id: string): void =>
    lines.get(id)?.say({ event: 'aborted', id, abort: UNSAFE });

  test('L-1b: ends the session that P2 asks for, and not the process', async () => {
    const { p1, disk } = await begun('sign');
    disk.sessionsFit = false;
    p1.manager.receive('p2', mailOf('two_party_sign_init', NEW, 1, proposal));
    const said = p1.sent.find(({ type, sessionId }) => type === 'abort' && sessionId === NEW);
    expect(said).toBeDefined();
    expect(p1.view(NEW)).toBeUndefined();
  });

  test('L-1b: while a lock is not written nothing is heard of a partner, for no key', async () => {
    const { p1, disk, id } = await begun('sign');
    disk.refuses = ({ lock }) => lock.state !== 'none';
    unsafe(p1, id);
    const said = p1.sent.length;
    p1.manager.receive('p2', mailOf('two_party_sign_init', NEW, 1, proposal));
    p1.manager.receive('p2', { ...mailOf('session_sync', '', 0, { running: [id], keys: [] }) });
    expect(p1.view(NEW)).toBeUndefined();
    expect(p1.sent.length).toBe(said);
    disk.refuses = () => false;
    await vi.advanceTimersByTimeAsync(2000);
    expect(p1.keys.find(KEY)?.lock.state).toBe('refreshable');
    p1.manager.receive('p2', mailOf('two_party_sign_init', NEW, 1, proposal));
    const answers = p1.sent.filter(({ sessionId }) => sessionId === NEW);
    expect(answers.map(({ type }) => type)).toEqual(['abort', 'ack']);
  });

  test('L-1b: a lock is the end of every session of the key, though a share cannot be removed', async () => {
    const { p1, disk, id: refresh } = await begun('refresh');
    p1.lines.get(refresh)?.say({ event: 'share', id: refresh, share: madeShare() });
    await vi.advanceTimersByTimeAsync(0);
    expect(p1.keys.find(KEY)?.next?.session_id).toBe(refresh);
    const [one = '', two = ''] = [1, 2].map(() => p1.manager.order(SIGN).view.session_id);
    await vi.advanceTimersByTimeAsync(0);
    disk.refuses = ({ next }, before) => next === null && before.next !== null;
    unsafe(p1, one);
    await vi.advanceTimersByTimeAsync(0);
    const codes = [refresh, one, two].map((id) => p1.view(id)?.error?.code);
    expect(codes).toEqual(['key_locked', 'key_locked', 'key_locked']);
    expect(p1.log).toContain('a share that is not needed cannot be removed');
  });

  test('D-10: fails the refresh whose share cannot become the key, and the old share stays', async () => {
    const { p1, disk, id } = await begun('refresh');
    p1.lines.get(id)?.say({ event: 'share', id, share: madeShare() });
    await vi.advanceTimersByTimeAsync(0);
    disk.refuses = ({ share }) => share.epoch === 1;
    p1.manager.receive('p2', mailOf('session_sync', id, 90, { phase: 'stored' }));
    await vi.advanceTimersByTimeAsync(0);
    expect(p1.view(id)).toMatchObject({ status: 'failed', error: { code: 'internal' } });
    expect(p1.keys.find(KEY)).toMatchObject({ share: { epoch: 0 }, next: null });
    expect(p1.manager.running).toBe(0);
  });

  /** P2 asks for a signature that a person at P1 is to approve, while another of P1's own runs. */
  const asked = async (): Promise<{
    p1: Side;
    disk: Disk;
    approvals: Approvals;
    own: string;
    id: string;
  }> => {
    const disk = new Disk();
    const approvals = new Approvals('prompt', undefined);
    const { p1, p2 } = joinedSides({ p1: { keys: disk.keys, approvals } });
    const { session_id: own } = p1.manager.order(SIGN).view;
    await vi.advanceTimersByTimeAsync(0);
    const { session_id: id } = p2.manager.order({ ...SIGN, partner: 'p1' }).view;
    await vi.advanceTimersByTimeAsync(0);
    expect([p1.view(own)?.status, p1.view(id)?.status]).toEqual(['running', 'awaiting_approval']);
    disk.refuses = ({ lock }) => lock.state !== 'none';
    return { p1, disk, approvals, own, id };
  };

  test.each([
    ['after', 'not_awaiting_approval'],
    ['in the moment of', undefined],
  ])('L-1b: an approval %s a lock that is not written certifies nothing', async (when, code) => {
    const { p1, approvals, own, id } = await asked();
    const said = p1.sent.length;
    const approve = (): void => approvals.approve(id, p1.view(id)?.digest ?? '');
    if (when !== 'after') approve();
    unsafe(p1, own);
    await vi.advanceTimersByTimeAsync(0);
    if (code !== undefined) expect(approve).toThrow(expect.objectContaining({ code }));
    await vi.advanceTimersByTimeAsync(0);
    expect(p1.lines.has(id)).toBe(false);
    expect(p1.sent.length).toBe(said);
  });

  test.each(['at once', 'later'])(
    'L-1b: a terminal lock, written %s, is told to every session of the key as such',
    async (when) => {
      const { p1, p2, disk, id } = await begun('sign');
      const { session_id: other } = p1.manager.order(SIGN).view;
      await vi.advanceTimersByTimeAsync(0);
      if (when === 'later') disk.refuses = ({ lock }) => lock.state !== 'none';
      const abort = { ...UNSAFE, keyUnsafe: 'terminal' } as const;
      p1.lines.get(id)?.say({ event: 'aborted', id, abort });
      expect(p1.manager.keys()).toMatchObject([{ state: 'retired' }]);
      expect(() => p1.manager.order(SIGN)).toThrow(
        expect.objectContaining({ code: 'key_retired' }),
      );
      disk.refuses = () => false;
      await vi.advanceTimersByTimeAsync(2000);
      const codes = [p1, p2].flatMap((side) =>
        [id, other].map((one) => side.view(one)?.error?.code),
      );
      expect(new Set(codes)).toEqual(new Set(['key_retired']));
    },
  );

  test('what a thread says and nobody understands ends its session, and not the process', async () => {
    const { p1, id } = await begun('sign');
    const frame = { round: 99, from: 1, to: 2, body: 'AAAA', signature: '' } as const;
    p1.lines.get(id)?.say({ event: 'frames', id, frames: [frame] });
    await vi.advanceTimersByTimeAsync(0);
    expect(p1.view(id)).toMatchObject({ status: 'failed', error: { code: 'internal' } });
  });

  test('L-1b: a session that shows a second lock, which is written, ends with those of the first', async () => {
    const { p1, disk, id } = await begun('sign');
    const { session_id: other } = p1.manager.order(SIGN).view;
    await vi.advanceTimersByTimeAsync(0);
    disk.refuses = ({ lock }) => lock.state !== 'none';
    unsafe(p1, id);
    disk.refuses = () => false;
    unsafe(p1, other);
    await vi.advanceTimersByTimeAsync(0);
    expect([id, other].map((one) => p1.view(one)?.error?.code)).toEqual([
      'key_locked',
      'key_locked',
    ]);
    expect(p1.manager.running).toBe(0);
  });

  test('L-1b: a refresh whose primes come after a lock that is not written proposes nothing', async () => {
    const disk = new Disk();
    const { p1 } = joinedSides({ p1: { keys: disk.keys, slow: true } });
    const { session_id: id } = p1.manager.order(SIGN).view;
    const order = { type: 'refresh', partner: 'p2', keySessionId: KEY } as const;
    const { session_id: refresh } = p1.manager.order(order).view;
    await vi.advanceTimersByTimeAsync(0);
    expect(p1.view(refresh)?.status).toBe('preparing');
    disk.refuses = ({ lock }) => lock.state !== 'none';
    unsafe(p1, id);
    const said = p1.sent.length;
    p1.givePrimes();
    await vi.advanceTimersByTimeAsync(0);
    expect(p1.sent.length).toBe(said);
    expect(p1.lines.has(refresh)).toBe(false);
  });

  test('L-1b: a refresh that is on its way to the chip at a lock that is not written never becomes the key', async () => {
    const disk = new Disk();
    let kept = (): void => undefined;
    const vault = {
      delete: () => Promise.resolve(),
      keep: () =>
        new Promise<void>((resolve) => {
          kept = resolve;
        }),
    };
    const { p1 } = joinedSides({ p1: { keys: disk.keys, vault } });
    const order = { type: 'refresh', partner: 'p2', keySessionId: KEY } as const;
    const ids = [SIGN, order].map((one) => p1.manager.order(one).view.session_id);
    await vi.advanceTimersByTimeAsync(0);
    const [id = '', refresh = ''] = ids;
    p1.lines.get(refresh)?.say({ event: 'share', id: refresh, share: madeShare() });
    p1.manager.receive('p2', mailOf('session_sync', refresh, 90, { phase: 'stored' }));
    disk.refuses = ({ lock }) => lock.state !== 'none';
    unsafe(p1, id);
    const said = p1.sent.length;
    kept();
    await vi.advanceTimersByTimeAsync(0);
    expect(p1.sent.length).toBe(said);
    expect(p1.keys.find(KEY)).toMatchObject({ share: { epoch: 0 }, next: null });
    disk.refuses = () => false;
    await vi.advanceTimersByTimeAsync(2000);
    expect(ids.map((one) => p1.view(one)?.error?.code)).toEqual(['key_locked', 'key_locked']);
  });

  test('L-1b: a key whose lock is not written is shown as locked, and its sessions not as running', async () => {
    const { p1, p2, disk, id } = await begun('sign');
    disk.refuses = ({ lock }) => lock.state !== 'none';
    unsafe(p1, id);
    expect(p1.manager.keys()).toMatchObject([
      { session_id: KEY, state: 'locked', lock: { kind: 'refreshable', session_id: id } },
    ]);
    p1.carries = () => true;
    p1.manager.connected('p2');
    const met = mailOf('session_sync', '', 0, {
      running: [],
      keys: [{ session_id: KEY, epoch: 0 }],
    });
    expect(p1.sent.at(-1)).toEqual(met);
    // Both sides end by their own clocks; P2 hears why when the lock is on disk, and it asks.
    await vi.advanceTimersByTimeAsync(181_000);
    expect(p1.sent.at(-1)).toEqual(met);
    expect(p1.view(id)).toMatchObject({ status: 'aborted', error: { code: 'key_locked' } });
    expect(p2.view(id)?.error?.code).toBe('timeout');
    expect(p1.manager.running).toBe(0);
    disk.refuses = () => false;
    await vi.advanceTimersByTimeAsync(2000);
    expect(p1.manager.keys()).toMatchObject([{ state: 'locked' }]);
    p1.manager.receive('p2', mailOf('session_sync', id, 0, {}));
    expect(p1.sent.at(-1)).toEqual(mailOf('abort', id, 0, { code: 'key_locked', reason: '' }));
  });

  test('the end of a session is shown, though it cannot be written', async () => {
    const disk = new Disk();
    const { p1 } = joinedSides({ p1: disk });
    const { session_id: id } = p1.manager.order(SIGN).view;
    await vi.advanceTimersByTimeAsync(0);
    disk.full = true;
    p1.manager.receive('p2', mailOf('abort', id, 90, { code: 'timeout', reason: '' }));
    await vi.advanceTimersByTimeAsync(0);
    expect(p1.log).toContain('the end of a session cannot be written');
    expect(p1.view(id)?.error?.code).toBe('timeout');
  });

  test('L-1b: a lock that was shown while the threads stopped is written at the very end', async () => {
    const { p1, disk, id } = await begun('sign');
    p1.manager.stop();
    disk.refuses = ({ lock }) => lock.state !== 'none';
    unsafe(p1, id);
    p1.manager.close();
    expect(p1.log).toContain('the server stops, and a lock is not written');
    disk.refuses = () => false;
    p1.manager.close();
    expect(p1.keys.find(KEY)?.lock.state).toBe('refreshable');
  });
});

test('evidence is kept of the first sessions that deviate, and those of one partner do not fill the disk', () => {
  const directory = join(temporaryDirectory(), 'evidence');
  const keep = openEvidence(directory, 3);
  for (const id of ['a', 'b']) keep(id, { id });
  const again = openEvidence(directory, 3);
  for (const id of ['a', 'c', 'd', 'e']) again(id, { id });
  expect(readdirSync(directory).toSorted()).toEqual(['a.json', 'b.json', 'c.json']);
});
