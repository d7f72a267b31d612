import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import type { SessionAbort } from '../../src/worker/protocol.ts';
import { Disk } from '../support/disk.ts';
import { joinedSides, mailOf, type Side } from '../support/halves.ts';
import { KEY, openRecords, recordOf, share } from '../support/records.ts';

const permitsOf = (directory: string): string[] =>
  readdirSync(join(directory, 'permits')).toSorted();
const SIGN = `${KEY}-0.sign`;
const REFRESH = `${KEY}.refresh`;
const lockOf = (state: 'refreshable' | 'terminal') =>
  ({ state, reopened: 0, session_id: KEY, at: 1 }) as const;

/** A store with one key that is in use. */
function withKey(): string {
  const directory = temporaryDirectory();
  openRecords(directory).add(recordOf(1));
  return directory;
}

describe('the permits of a key', () => {
  test('X-6: are there as long as the key has no lock, at P1 alone', () => {
    const directory = withKey();
    expect(permitsOf(directory)).toEqual([SIGN, REFRESH].toSorted());
    const other = temporaryDirectory();
    openRecords(other).add(recordOf(2));
    expect(readdirSync(other)).not.toContain('permits');
  });

  test.each([
    ['refreshable', [REFRESH]],
    ['terminal', [SIGN]],
  ] as const)('X-6: a %s lock takes one away, and that alone is the lock', (state, left) => {
    const directory = withKey();
    openRecords(directory).withdraw(KEY, state);
    expect(permitsOf(directory)).toEqual(left);
    const found = openRecords(directory);
    expect(found.found).toEqual([KEY]);
    expect(found.find(KEY)?.lock).toMatchObject({ state });
    // The chip's count is raised above all that a record from before the lock explains (E-1).
    expect(found.find(KEY)?.releases.due).toBeGreaterThan(0);
    expect(openRecords(directory)).toMatchObject({ found: [] });
  });

  test('X-6: a lock of the record takes it away, too, before the record says so', () => {
    const directory = withKey();
    const keys = openRecords(directory);
    const lock = lockOf('refreshable');
    keys.update(KEY, (record) => ({ ...record, lock }));
    expect(permitsOf(directory)).toEqual([REFRESH]);
    keys.update(KEY, (record) => ({ ...record, lock: lockOf('terminal') }));
    expect(permitsOf(directory)).toEqual([]);
    expect(openRecords(directory).find(KEY)?.lock.state).toBe('terminal');
  });

  test('X-6: a refresh brings that of its epoch, which the next lock takes away', () => {
    const directory = withKey();
    const keys = openRecords(directory);
    const { lock: none } = recordOf(1);
    keys.withdraw(KEY, 'refreshable');
    keys.update(KEY, (record) => ({ ...record, lock: lockOf('refreshable') }));
    keys.update(KEY, (record) => ({ ...record, share: share(1), lock: none }));
    expect(openRecords(directory)).toMatchObject({ found: [] });
    expect(permitsOf(directory)).toEqual([REFRESH, `${KEY}-1.sign`].toSorted());
    keys.withdraw(KEY, 'refreshable');
    expect(openRecords(directory).find(KEY)?.lock.state).toBe('refreshable');
  });

  test('X-6: of a refresh that was not activated is no permit', () => {
    const directory = withKey();
    writeFileSync(join(directory, 'permits', `${KEY}-1.sign`), '');
    openRecords(directory).withdraw(KEY, 'refreshable');
    expect(openRecords(directory).find(KEY)?.lock.state).toBe('refreshable');
    expect(permitsOf(directory)).toEqual([REFRESH]);
  });

  test('X-6: a store whose permits are missing as a whole is not opened', () => {
    const directory = withKey();
    rmSync(join(directory, 'permits'), { recursive: true });
    expect(() => openRecords(directory)).toThrow(
      expect.objectContaining({ code: 'store/tampered' }),
    );
  });

  test.each([
    ['none', [SIGN, REFRESH]],
    ['refreshable', [REFRESH]],
    ['terminal', []],
  ] as const)(
    'X-6: the key of an older store, whose lock is %s, gets what that leaves',
    (state, left) => {
      const directory = temporaryDirectory();
      const lock = { ...recordOf(1).lock, state };
      openRecords(directory).add(recordOf(1, { lock }));
      const file = join(directory, `${KEY}.json`);
      rmSync(join(directory, 'permits'), { recursive: true });
      writeFileSync(file, readFileSync(file, 'utf8').replace('key/v4', 'key/v3'));
      expect(openRecords(directory).find(KEY)?.lock.state).toBe(state);
      expect(permitsOf(directory)).toEqual([...left].toSorted());
      // It is one of this version now: a permit that goes later is a lock.
      expect(readFileSync(file, 'utf8')).toContain('key/v4');
      openRecords(directory).withdraw(KEY, 'terminal');
      expect(openRecords(directory).find(KEY)?.lock.state).toBe('terminal');
    },
  );
});

describe('a disk that is full when a proof fails', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  const ORDER = { type: 'sign', partner: 'p2', keySessionId: KEY, message: 'pay' } as const;
  const UNSAFE: SessionAbort = {
    reason: 'invalid-proof',
    culprits: [2],
    keyUnsafe: 'refreshable',
    round: 4,
    message: 'a proof that does not hold',
    evidence: [],
  };

  const running = async (): Promise<{ p1: Side; p2: Side; disk: Disk; ids: string[] }> => {
    const disk = new Disk();
    const { p1, p2 } = joinedSides({ p1: { keys: disk.keys, directory: disk.directory } });
    const ids = [1, 2].map(() => p1.manager.order(ORDER).view.session_id);
    await vi.advanceTimersByTimeAsync(0);
    disk.deletes = true;
    disk.refuses = ({ lock }) => lock.state !== 'none';
    return { p1, p2, disk, ids };
  };
  const restarted = ({ directory }: Disk): unknown =>
    openRecords(join(directory, 'keys')).find(KEY)?.lock.state;

  test('X-6: the lock holds at once, both sides are told, and a restart finds it', async () => {
    const { p1, p2, disk, ids } = await running();
    const [cause = ''] = ids;
    p1.lines.get(cause)?.say({ event: 'aborted', id: cause, abort: UNSAFE });
    await vi.advanceTimersByTimeAsync(0);
    const codes = [p1, p2].flatMap((side) => ids.map((id) => side.view(id)?.error?.code));
    expect(codes).toEqual(['key_locked', 'key_locked', 'key_locked', 'key_locked']);
    expect(p1.manager.keys()).toMatchObject([{ state: 'locked', lock: { session_id: cause } }]);
    expect(p1.keys.find(KEY)?.lock.state).toBe('none');
    expect(restarted(disk)).toBe('refreshable');
  });

  test('X-6: the key is not used meanwhile, and its record follows when there is room', async () => {
    const { p1, disk, ids } = await running();
    const [cause = ''] = ids;
    p1.lines.get(cause)?.say({ event: 'aborted', id: cause, abort: UNSAFE });
    for (const type of ['sign', 'refresh'] as const) {
      const again = (): unknown => p1.manager.order({ ...ORDER, type });
      expect(again).toThrow(expect.objectContaining({ code: 'key_locked' }));
    }
    await vi.advanceTimersByTimeAsync(4000);
    expect(p1.log.filter((line) => line.startsWith('the record of a lock'))).toHaveLength(3);
    expect(p1.log.filter((line) => line === 'key locked')).toHaveLength(1);
    disk.refuses = () => false;
    await vi.advanceTimersByTimeAsync(2000);
    expect(p1.keys.find(KEY)?.lock).toMatchObject({ state: 'refreshable', session_id: cause });
    expect(p1.manager.order({ ...ORDER, type: 'refresh' }).view.status).toBe('created');
  });

  test('X-6: no partial is opened while nothing can be deleted in the store', async () => {
    const disk = new Disk();
    let deletable = true;
    const keys = (records: Parameters<Disk['keys']>[0]) =>
      Object.assign(disk.keys(records), { canWithdraw: () => deletable });
    const { p1 } = joinedSides({ p1: { keys } });
    const [one = '', two = ''] = [1, 2].map(() => p1.manager.order(ORDER).view.session_id);
    await vi.advanceTimersByTimeAsync(0);
    const partial = (id: string): void =>
      p1.manager.receive('p2', {
        ...mailOf('sign_p2_partial', id, 90, {}),
        round: 4,
        signature: 'AAAA',
      });
    partial(one);
    expect(p1.lines.get(one)?.frames.map(({ round }) => round)).toEqual([4]);
    deletable = false;
    partial(two);
    expect(p1.lines.get(two)).toMatchObject({ frames: [], ended: true });
    await vi.advanceTimersByTimeAsync(0);
    expect(p1.view(two)).toMatchObject({ status: 'failed', error: { code: 'internal' } });
    // The session did not move on either.
    expect(p1.view(two)?.step).toBe('StepSignRound1');
  });
});
