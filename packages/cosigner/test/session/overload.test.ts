// More sessions than run at once: they wait in their order, and nobody is blamed for it.
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Approvals } from '../../src/approvals.ts';
import { joinedSides, mailOf, type Side } from '../support/halves.ts';
import { KEY } from '../support/records.ts';

/** Orders that many signatures at P1; gives their sessions. */
const order = (side: Side, count: number): string[] =>
  Array.from({ length: count }, (_, at) => {
    const asked = { type: 'sign', partner: 'p2', keySessionId: KEY, message: `pay ${at}` } as const;
    return side.manager.order(asked).view.session_id;
  });

/** The ones whose protocol runs at a side. */
const runningAt = (side: Side, ids: readonly string[]): boolean[] =>
  ids.map((id) => (side.lines.get(id)?.starts.length ?? 0) > 0);

/** Lets everything that is fulfilled go on. */
const settle = async (): Promise<void> => {
  for (let time = 0; time < 20; time += 1) await turn();
};

describe('R-8: of many signatures that are ordered at once', () => {
  test('as many run as have a turn, at both sides, and the next one begins when one ends', async () => {
    const { p1, p2 } = joinedSides({ p1: { maxRunning: 2 } });
    const ids = order(p1, 4);
    await settle();
    expect(runningAt(p1, ids)).toEqual([true, true, false, false]);
    expect(runningAt(p2, ids)).toEqual([true, true, false, false]);
    // Nothing is known of the others at the other side: none of its deadlines runs.
    expect(ids.map((id) => p2.view(id) !== undefined)).toEqual([true, true, false, false]);
    p1.manager.receive('p2', mailOf('abort', ids[0] ?? '', 99, { code: 'declined', reason: '' }));
    await settle();
    expect(runningAt(p1, ids)).toEqual([true, true, true, false]);
    expect(ids.map((id) => p1.view(id)?.status)).toEqual([
      'aborted',
      'running',
      'running',
      'created',
    ]);
  });

  test('one whose turn comes too late says so, and the other side never hears of it', async () => {
    const deadlines = { step: 10, setup_step: 60, approval: 120, session: 0.3 };
    const { p1, p2 } = joinedSides({ p1: { maxRunning: 1, deadlines } });
    const [first = '', ...others] = order(p1, 4);
    await settle();
    await sleep(400);
    expect(p1.view(first)?.error).toMatchObject({ code: 'timeout' });
    for (const id of others) {
      expect(p1.view(id)).toMatchObject({ status: 'aborted', step: null, signature: null });
      expect(p1.view(id)?.error).toMatchObject({
        code: 'too_many_sessions',
        message: expect.stringContaining(
          'too many sessions at once: its turn did not come in time',
        ),
      });
      expect(p2.view(id)).toBeUndefined();
    }
    expect(p1.keys.find(KEY)?.lock.state).toBe('none');
  });

  test('one that a person has to decide on lets the next one begin', async () => {
    const approvals = new Approvals('prompt', undefined);
    const { p1, p2 } = joinedSides({ p1: { maxRunning: 1 }, p2: { approvals } });
    const ids = order(p1, 3);
    await settle();
    expect(ids.map((id) => p2.view(id)?.status)).toEqual(ids.map(() => 'awaiting_approval'));
    expect(ids.map((id) => p1.view(id)?.status)).toEqual(ids.map(() => 'awaiting_approval'));
  });

  test('those of the partner take no turns of this side’s own', async () => {
    const { p1, p2 } = joinedSides({ p1: { maxRunning: 1 }, p2: { maxRunning: 1 } });
    const [own] = order(p1, 1);
    const asked = { type: 'sign', partner: 'p1', keySessionId: KEY, message: 'theirs' } as const;
    const { session_id: theirs } = p2.manager.order(asked).view;
    await settle();
    expect(runningAt(p1, [own ?? '', theirs])).toEqual([true, true]);
    expect(runningAt(p2, [own ?? '', theirs])).toEqual([true, true]);
  });
});
