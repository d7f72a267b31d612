import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { keyedStores } from '../support/keyedStores.ts';
import { Meddler } from '../support/meddler.ts';
import { type Pair, startPair } from '../support/pair.ts';
import { stockPrimes } from '../support/stores.ts';

// Real proofs and refreshes, on a machine that may have other work.
vi.setConfig({ testTimeout: 240_000 });

describe('two processes with a bad network', () => {
  const keyed = keyedStores();
  let key: string;
  beforeAll(() => {
    key = keyed.key;
  });

  const started = async (
    options: Parameters<typeof startPair>[1] = {},
  ): Promise<{ pair: Pair; meddler: Meddler; directory: string }> => {
    const directory = keyed.copy();
    const made: Meddler[] = [];
    const between = async (upstream: string): Promise<string> => {
      made.push(await Meddler.start(upstream));
      return made[0]?.url ?? '';
    };
    const pair = await startPair(directory, { between, ...options });
    const [meddler] = made;
    if (meddler === undefined) throw new Error('nothing is in between');
    return { pair, meddler, directory };
  };

  test('Z-9: P2 hears of the signature that it did not see, and its request is not signed again', async () => {
    const deadlines = { step: 2, setup_step: 60, approval: 60, session: 60 };
    const { pair, meddler } = await started({ p2: { deadlines } });
    const { p1, p2 } = pair;
    let isCut = false;
    meddler.decide = ({ type, towards }) => {
      if (type === 'sign_done') isCut = true;
      return isCut && towards === 'p2' ? 'drop' : 'pass';
    };
    const order = { wait: 0, request_id: 'order-77' };
    const { session_id: id } = await p2.sign(key, 'transfer 1000, order 77', order);
    const signed = await p1.over(id);
    expect(signed).toMatchObject({ status: 'completed' });
    const statusOf = async (): Promise<string> => (await p2.session(id)).status;
    await p2.until(statusOf, (status) => status === 'unknown_outcome');
    expect(await p2.session(id)).toMatchObject({
      error: { code: 'unknown_outcome' },
      signature: null,
    });
    isCut = false;
    meddler.decide = () => 'pass';
    meddler.cut();
    await p2.until(statusOf, (status) => status === 'completed');
    expect((await p2.session(id)).signature).toBe(signed.signature);
    const again = await p2.sign(key, 'transfer 1000, order 77', { ...order, wait: 1 });
    expect(again).toMatchObject({ session_id: id, signature: signed.signature });
    await pair.stop();
    await meddler.close();
  });

  test('Z-11: a signature that crosses a refresh blames nobody, and the next one completes', async () => {
    const deadlines = { step: 120, setup_step: 120, approval: 120, session: 300 };
    const { pair, meddler, directory } = await started({ p1: { deadlines }, p2: { deadlines } });
    await pair.stop();
    await stockPrimes(directory, 2048, 'others');
    await meddler.close();
    const second = await Meddler.start('ws://127.0.0.1:1');
    const again = await startPair(directory, {
      p1: { deadlines },
      p2: { deadlines },
      between: async (upstream) => {
        second.upstream = upstream;
        return Promise.resolve(second.url);
      },
    });
    const { p1, p2 } = again;
    let crossing = '';
    second.decide = ({ type, towards, sessionId }) =>
      sessionId === crossing && towards === 'p1' && type === 'two_party_sign_init'
        ? 'drop'
        : 'pass';
    const asked = { session_id: key, partner: 'mobile-app' };
    const { session_id: refresh } = await p1.ask('/api/v1/refresh/two-party', asked);
    const stepOf = async (): Promise<string> => (await p1.session(refresh)).step ?? '';
    await p1.until(stepOf, (step) => step.startsWith('StepKeygen'));
    // From its first message on, P2's answer to it is held back until the refresh is the key.
    const ordered = p1.ask('/api/v1/sign/two-party', { ...asked, message: 'pay 1' });
    second.decide = ({ type, towards, sessionId }) => {
      if (sessionId !== refresh && type === 'two_party_sign_init') crossing = sessionId;
      return sessionId === crossing && towards === 'p1' ? 'drop' : 'pass';
    };
    const { session_id: id } = await ordered;
    await Promise.all([p1.over(refresh), p2.over(refresh)]);
    expect((await p1.keys())[0]?.epoch).toBe(1);
    second.decide = () => 'pass';
    const ends = await Promise.all([p1.over(id), p2.over(id)]);
    expect(ends.map(({ error }) => error?.code)).toEqual(['epoch_mismatch', 'epoch_mismatch']);
    for (const side of ['enterprise', 'mobile-app']) {
      expect(readdirSync(join(directory, side, 'evidence'))).toEqual([]);
    }
    expect([...p1.log, ...p2.log].filter((line) => line.includes('culprits'))).toEqual([]);
    expect(await p1.sign(key, 'next')).toMatchObject({ status: 'completed', error: null });
    await again.stop();
    await second.close();
  });
});
