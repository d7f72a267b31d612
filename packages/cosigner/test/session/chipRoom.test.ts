import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Approvals } from '../../src/approvals.ts';
import { ChipRoom } from '../../src/session/chipRoom.ts';
import { joinedSides, type Side, type Wishes } from '../support/halves.ts';
import { KEY } from '../support/records.ts';

const FULL: unknown = expect.objectContaining({ code: 'chip_full' });
const chipOf = (free: number) => ({ room: () => Promise.resolve(free) });
const ORDER = { partner: 'p2', keySessionId: KEY } as const;

describe('room on a chip', () => {
  test('Z-8: one record is kept free of keys, for a refresh', async () => {
    await expect(new ChipRoom(chipOf(1)).reserve('keygen')).rejects.toEqual(FULL);
    await expect(new ChipRoom(chipOf(0)).reserve('refresh')).rejects.toEqual(FULL);
    await expect(new ChipRoom(chipOf(1)).reserve('refresh')).resolves.toBeTypeOf('function');
  });

  test('Z-8: what running set-ups are to make is taken, until they give it up', async () => {
    const room = new ChipRoom(chipOf(3));
    const [one, two] = [await room.reserve('keygen'), await room.reserve('keygen')];
    await expect(room.reserve('keygen')).rejects.toEqual(FULL);
    for (let time = 0; time < 3; time += 1) one();
    await expect(room.reserve('keygen')).resolves.toBeTypeOf('function');
    await expect(room.reserve('keygen')).rejects.toEqual(FULL);
    two();
  });
});

describe('a set-up for which a chip has no room', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  const withRoom = (free: number, more: Wishes = {}): Wishes => ({
    vault: { delete: () => Promise.resolve(), keep: () => Promise.resolve(), ...chipOf(free) },
    ...more,
  });
  /** Begins one; gives how it stands when nothing more happens. */
  const begun = async (p1: Side, type: 'keygen' | 'refresh') => {
    const { session_id: id } = p1.manager.order({ ...ORDER, type }).view;
    await vi.advanceTimersByTimeAsync(0);
    return { id, view: p1.view(id) };
  };

  test.each([
    ['keygen', 1],
    ['refresh', 0],
  ] as const)('Z-8: a %s takes no primes and tells nobody', async (type, free) => {
    const { p1 } = joinedSides({ p1: withRoom(free, { slow: true }) });
    const { view } = await begun(p1, type);
    expect(view).toMatchObject({ status: 'aborted', step: null, error: { code: 'chip_full' } });
    expect(p1.sent.filter(({ type: said }) => said === 'two_party_sign_init')).toEqual([]);
    expect(p1.lines.size).toBe(0);
  });

  test('Z-8: a refresh finds the record that no key may take', async () => {
    const { p1, p2 } = joinedSides({ p1: withRoom(1), p2: withRoom(1) });
    const { id, view } = await begun(p1, 'refresh');
    expect([view?.status, p2.view(id)?.status]).toEqual(['running', 'running']);
  });

  test('Z-8: at the other side nobody is asked, and the primes of this side go back', async () => {
    const back: unknown[] = [];
    const putBack = (pairs: readonly unknown[]): void => void back.push(...pairs);
    const approvals = new Approvals('prompt', undefined);
    const { p1, p2 } = joinedSides({ p1: { putBack }, p2: withRoom(1, { approvals }) });
    const { id, view } = await begun(p1, 'keygen');
    expect([view?.error?.code, p2.view(id)?.error?.code]).toEqual(['chip_full', 'chip_full']);
    expect(back).toHaveLength(2);
    expect(() => approvals.decline(id, '')).toThrow(
      expect.objectContaining({ code: 'not_awaiting_approval' }),
    );
  });

  test('P-13: primes that the protocol was told do not go back', async () => {
    const back: unknown[] = [];
    const { p1 } = joinedSides({ p1: { putBack: (pairs) => void back.push(...pairs) } });
    const { id, view } = await begun(p1, 'keygen');
    expect(view?.status).toBe('running');
    p1.lines.get(id)?.say({ event: 'refused', id, reason: 'x', message: 'x' });
    await vi.advanceTimersByTimeAsync(0);
    expect(p1.view(id)?.status).toBe('failed');
    expect(back).toEqual([]);
  });

  test('Z-8: a set-up that is over gives its record up', async () => {
    const { p1 } = joinedSides({ p1: withRoom(2) });
    const { id } = await begun(p1, 'keygen');
    expect((await begun(p1, 'keygen')).view?.error?.code).toBe('chip_full');
    p1.lines.get(id)?.say({ event: 'refused', id, reason: 'x', message: 'x' });
    expect((await begun(p1, 'keygen')).view?.status).toBe('running');
  });
});
