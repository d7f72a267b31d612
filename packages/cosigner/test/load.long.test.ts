// 200 signatures at once, between two processes: each ends signed, or by a deadline that says why.
import { fromHex, recoverAddress } from '@quorate/intent';
import type { TwoPartySession } from '@quorate/wire';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Pair, startPair } from './support/pair.ts';
import { copyStores, makeStores, removeStores } from './support/stores.ts';

const MANY = 200;

// Real proofs, on a machine that may have other work.
vi.setConfig({ testTimeout: 240_000 });

describe('200 signatures at once', () => {
  let directory: string;
  let key: string;
  let address: string;
  const pairs: Pair[] = [];

  /** A pair on a copy of the stores, with the settings of both sides. */
  async function pairWith(settings: object = {}): Promise<Pair> {
    const both = { p1: { ...settings }, p2: { ...settings } };
    const pair = await startPair(copyStores(directory), both);
    pairs.push(pair);
    return pair;
  }

  beforeAll(async () => {
    directory = await makeStores();
    const first = await startPair(directory);
    const made = await first.p1.keygen();
    key = made.session_id;
    address = made.address ?? '';
    await first.p2.over(key);
    await first.stop();
  });

  afterAll(async () => {
    await Promise.all(pairs.map((pair) => pair.stop()));
    removeStores(directory, ...pairs.map((pair) => pair.directory));
  });

  const signAll = (pair: Pair, sides: readonly ('p1' | 'p2')[]): Promise<TwoPartySession[]> =>
    Promise.all(
      Array.from({ length: MANY }, async (_, at) => {
        const side = pair[sides[at % sides.length] ?? 'p1'];
        const { session_id: id } = await side.sign(key, `message ${at}`, { wait: 170 });
        return side.over(id);
      }),
    );

  function expectSigned({ status, digest, signature }: TwoPartySession): void {
    expect(status).toBe('completed');
    expect(recoverAddress(fromHex(digest ?? ''), fromHex(signature ?? ''))).toBe(address);
  }

  async function expectUnlocked(pair: Pair): Promise<void> {
    for (const side of [pair.p1, pair.p2]) {
      expect((await side.keys())[0]).toMatchObject({ state: 'active', lock: null });
    }
  }

  test.each([
    ['at P1', ['p1']],
    ['at both sides', ['p1', 'p2']],
  ] as const)('R-8: ordered %s: each is signed, and the key stays unlocked', async (_, sides) => {
    const pair = await pairWith();
    const signed = await signAll(pair, sides);
    for (const one of signed) expectSigned(one);
    expect(new Set(signed.map(({ signature }) => signature)).size).toBe(MANY);
    await expectUnlocked(pair);
  });

  test('R-8: with too little time for all, each ends signed or says that its time was over', async () => {
    const deadlines = { step: 1, setup_step: 60, approval: 120, session: 3 };
    const pair = await pairWith({ deadlines });
    const all = await signAll(pair, ['p1']);
    const late = all.filter(({ status }) => status !== 'completed');
    for (const one of all) if (one.status === 'completed') expectSigned(one);
    expect(late.length).toBeGreaterThan(0);
    for (const { error } of late) expect(['timeout', 'too_many_sessions']).toContain(error?.code);
    // Most of them never began: nothing was spent on them.
    expect(late.filter(({ error }) => error?.code === 'too_many_sessions').length).toBeGreaterThan(
      late.length / 2,
    );
    await expectUnlocked(pair);
    const next = await pair.p1.sign(key, 'the next one');
    expectSigned(next);
  });
});
