import { type CosignerHealth } from '@quorate/wire';
import { beforeAll, describe, expect, test } from 'vitest';
import { keyedStores } from '../support/keyedStores.ts';
import { type Running, startPair } from '../support/pair.ts';

describe('X-3: a protocol thread that stands still', () => {
  const keyed = keyedStores();
  let key: string;
  beforeAll(() => {
    key = keyed.key;
  });

  /** Both sides, one of which stands still at the first message of a round. */
  async function pairWith(seams: { readonly seams1?: string[]; readonly seams2?: string[] }) {
    const directory = keyed.copy();
    const settings = { thread_timeout: 1 };
    return startPair(directory, { p1: settings, p2: settings, ...seams });
  }

  const threadsOf = async (side: Running): Promise<CosignerHealth['threads']> => {
    const health = (await side.request('/readyz').then((one) => one.json())) as CosignerHealth;
    return health.threads;
  };

  test('at P2 ends its session by name, is replaced, and the next signature is made', async () => {
    const pair = await pairWith({ seams2: ['standing:3'] });
    const { p1, p2 } = pair;
    const failed = await p2.sign(key, 'first');
    expect(failed).toMatchObject({ status: 'aborted', error: { code: 'thread_stopped' } });
    expect(await p2.sign(key, 'second')).toMatchObject({ status: 'completed' });
    // It is asked to end first, and is ended by force when it does not: stuck for two seconds.
    await expect
      .poll(() => threadsOf(p2), { timeout: 10_000 })
      .toMatchObject([{ index: 0, restarts: 1, stuck: 0 }]);
    expect(await threadsOf(p1)).toMatchObject([{ index: 0, restarts: 0 }]);
    const metrics = await p2.request('/metrics').then((one) => one.text());
    expect(metrics).toContain('quorate_cosigner_thread_restarts{thread="0"} 1');
    expect(metrics).toContain('quorate_cosigner_thread_up{thread="0"} 1');
    expect(p2.log.join('\n')).toContain('stands still and is given up');
    await pair.stop();
  });

  test('at P1, which was judging the last message with its key, locks that key as a failed proof does', async () => {
    const pair = await pairWith({ seams1: ['standing:4'] });
    const { p1 } = pair;
    const ended = await p1.sign(key, 'first');
    expect(ended).toMatchObject({ signature: null, error: { code: 'key_locked' } });
    const [locked] = await p1.keys();
    expect(locked).toMatchObject({ state: 'locked', lock: { kind: 'refreshable' } });
    expect(await p1.refused('/api/v1/sign/two-party', order(key))).toMatchObject({
      code: 'key_locked',
    });
    expect((await threadsOf(p1))?.[0]?.restarts).toBe(1);
    await pair.stop();
  });

  test('at P1 before that message locks nothing', async () => {
    const pair = await pairWith({ seams1: ['standing:2'] });
    const { p1 } = pair;
    expect(await p1.sign(key, 'first')).toMatchObject({
      status: 'aborted',
      error: { code: 'thread_stopped' },
    });
    expect((await p1.keys())[0]).toMatchObject({ state: 'active', lock: null });
    expect(await p1.sign(key, 'second')).toMatchObject({ status: 'completed' });
    await pair.stop();
  });
});

const order = (session_id: string): object => ({ session_id, message: 'x', partner: 'mobile-app' });
