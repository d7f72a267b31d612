// Nothing is said of a session before its record is on disk.
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { handlersOf, type RestDeps } from '../../src/rest/handlers.ts';
import type { SessionRecords } from '../../src/store/sessionRecords.ts';
import { joinedSides, type Side, type Wishes } from '../support/halves.ts';
import { KEY } from '../support/records.ts';

const SIGN = { type: 'sign', partner: 'p2', keySessionId: KEY, message: 'pay' } as const;

/** A disk that takes its time for new sessions, until a test ends it. */
class SlowDisk {
  #end: { written: () => void; refused: (error: Error) => void } | undefined;
  readonly wishes: Wishes = {
    sessions: (real) =>
      new Proxy(real, {
        get: (target, name) =>
          name === 'add'
            ? (record: Parameters<SessionRecords['add']>[0]) => {
                void target.add(record);
                return new Promise<void>((written, refused) => {
                  this.#end = { written, refused };
                });
              }
            : Reflect.get(target, name).bind(target),
      }),
  };

  written(): void {
    this.#end?.written();
  }

  refused(): void {
    this.#end?.refused(new Error('no space left'));
  }
}

const settle = async (): Promise<void> => {
  for (let time = 0; time < 20; time += 1) await turn();
};
const saidBy = (side: Side): string[] => side.sent.map(({ type }) => type);

describe('a session whose record is not on disk yet', () => {
  test('is not proposed; once it is, the signature goes its way', async () => {
    const disk = new SlowDisk();
    const { p1 } = joinedSides({ p1: disk.wishes });
    p1.manager.order(SIGN);
    await settle();
    expect([saidBy(p1), p1.lines.size]).toEqual([[], 0]);
    disk.written();
    await settle();
    expect(saidBy(p1)).toContain('two_party_sign_init');
  });

  test('is not answered with a certificate', async () => {
    const disk = new SlowDisk();
    const { p1, p2 } = joinedSides({ p2: disk.wishes });
    p1.manager.order(SIGN);
    await settle();
    expect(saidBy(p2)).toEqual(['ack']);
    disk.written();
    await settle();
    expect(saidBy(p2)).toContain('two_party_sign_init');
  });

  test('ends when the disk does not take it, and nothing was certified', async () => {
    const disk = new SlowDisk();
    const { p1, p2 } = joinedSides({ p1: disk.wishes });
    const { view } = p1.manager.order(SIGN);
    disk.refused();
    await settle();
    expect(p1.view(view.session_id)).toMatchObject({
      status: 'failed',
      error: { code: 'internal' },
    });
    expect(saidBy(p1)).not.toContain('two_party_sign_init');
    expect([p1.manager.running, p2.view(view.session_id)]).toEqual([0, undefined]);
  });

  test('is told to nobody over REST; a repetition of the request waits for it, too', async () => {
    const disk = new SlowDisk();
    const { p1 } = joinedSides({ p1: disk.wishes });
    const handlers = handlersOf({ manager: p1.manager, sessions: p1.sessions } as RestDeps);
    const body = { session_id: KEY, partner: 'p2', message: 'pay', request_id: 'r' };
    let answers = 0;
    for (const _ of [1, 2]) {
      const call = { caller: 'me', params: undefined, query: undefined, body };
      void Promise.resolve(handlers.sign(call as never)).then(() => {
        answers += 1;
      });
    }
    await settle();
    expect(answers).toBe(0);
    disk.written();
    await settle();
    expect(answers).toBe(2);
  });
});
