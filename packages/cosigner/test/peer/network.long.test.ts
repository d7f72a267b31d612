import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fate, MEDDLING, Meddler, type Passing } from '../support/meddler.ts';
import { type Pair, startPair } from '../support/pair.ts';
import { copyStores, makeStores, removeStores } from '../support/stores.ts';
import { SIGNING } from '../support/signing.ts';

/** Does something to the first copy of each message that a test names. */
const once = (fate: Fate, concerns: (passing: Passing) => boolean): Meddler['decide'] => {
  const seen = new Set<string>();
  return (passing) => {
    const name = `${passing.type} ${passing.seq} ${passing.towards}`;
    if (seen.has(name) || !concerns(passing)) return 'pass';
    seen.add(name);
    return fate;
  };
};

describe('a network between the two that meddles', () => {
  let fresh: string;
  let pair: Pair;
  let meddler: Meddler;
  let key: string;

  const startMeddled = async (directory: string): Promise<[Pair, Meddler]> => {
    const between: Meddler[] = [];
    const started = await startPair(directory, {
      between: async (url) => {
        const made = await Meddler.start(url);
        between.push(made);
        return made.url;
      },
    });
    const [made] = between;
    if (made === undefined) throw new Error('no meddler');
    return [started, made];
  };

  beforeAll(async () => {
    fresh = await makeStores();
    [pair, meddler] = await startMeddled(copyStores(fresh));
    key = (await pair.p1.keygen()).session_id;
  });

  afterAll(async () => {
    await pair.stop();
    await meddler.close();
    removeStores(fresh, pair.directory);
  });

  test.each(MEDDLING.flatMap((fate) => SIGNING.map(([type, to]) => [fate, type, to] as const)))(
    'a signature survives: %s at %s towards %s',
    async (fate, type, towards) => {
      meddler.decide = once(
        fate,
        (passing) => passing.type === type && passing.towards === towards,
      );
      const signed = await pair.p1.sign(key, `${fate} ${type}`);
      expect(signed).toMatchObject({ status: 'completed', error: null });
      expect((await pair.p2.over(signed.session_id)).signature).toBe(signed.signature);
    },
  );

  // Who loses its stream towards P1 hears of it from the heartbeat alone.
  test.each(SIGNING.filter(([type, to]) => to === 'p2' || type === 'sign_p2_partial'))(
    'a signature survives: half a connection at %s towards %s',
    async (type, towards) => {
      meddler.decide = once(
        'half',
        (passing) => passing.type === type && passing.towards === towards,
      );
      const signed = await pair.p1.sign(key, `half ${type}`);
      expect(signed).toMatchObject({ status: 'completed', error: null });
      expect((await pair.p2.over(signed.session_id)).signature).toBe(signed.signature);
    },
  );

  test('R-4: everything that was said of a signature, said again to both, is answered with nothing', async () => {
    meddler.decide = () => 'pass';
    const { session_id: id } = await pair.p1.sign(key, 'once');
    await pair.p2.over(id);
    // What is still on its way of the one is there before the end of the next.
    await pair.p2.over((await pair.p1.sign(key, 'settled')).session_id);
    const again = { p1: [...meddler.passed.p1], p2: [...meddler.passed.p2] };
    const answers: string[] = [];
    meddler.decide = ({ sessionId, type, seq }) => {
      if (sessionId === id) answers.push(`${type} ${seq}`);
      return 'pass';
    };
    // Hellos, syncs, rounds, acknowledgements; each side takes them in before the next signature.
    for (const side of ['p1', 'p2'] as const) {
      for (const text of again[side]) meddler.write(side, text);
    }
    const next = await pair.p1.sign(key, 'another');
    expect((await pair.p2.over(next.session_id)).status).toBe('completed');
    expect(answers).toEqual([]);
    expect((await pair.p1.keys())[0]).toMatchObject({ state: 'active', lock: null });
  });

  test.each(MEDDLING)(
    'a signature survives: %s at every message, acknowledgements too',
    async (fate) => {
      meddler.decide = once(fate, () => true);
      const signed = await pair.p2.sign(key, fate);
      expect(signed).toMatchObject({ status: 'completed', error: null });
      expect((await pair.p1.over(signed.session_id)).signature).toBe(signed.signature);
    },
  );

  test('signatures that wait for their turn survive a cut connection', async () => {
    meddler.decide = once('cut', () => true);
    const signed = await Promise.all(
      Array.from({ length: 40 }, (_, at) => pair.p2.sign(key, `many ${at}`)),
    );
    expect(signed.map(({ status, error }) => error ?? status)).toEqual(
      signed.map(() => 'completed'),
    );
  });

  test.each(['drop', 'cut'] as const)(
    'a key generation survives: %s at every message',
    async (fate) => {
      const [other, between] = await startMeddled(copyStores(fresh));
      between.decide = once(fate, () => true);
      const made = await other.p1.keygen();
      expect(made).toMatchObject({ status: 'completed', error: null });
      expect(await other.p2.over(made.session_id)).toMatchObject({
        status: 'completed',
        address: made.address,
      });
      between.decide = () => 'pass';
      expect((await other.p2.sign(made.session_id, 'x')).status).toBe('completed');
      await other.stop();
      await between.close();
      removeStores(other.directory);
    },
  );

  test('a signature while the partner is away times out, locks nothing, and the next one completes', async () => {
    const alone = copyStores(pair.directory);
    const deadlines = { step: 0.3, approval: 0.3, setup_step: 60, session: 180 };
    const without = await startPair(alone, { p1: { deadlines } });
    const { p1 } = without;
    await without.p2.kill();
    const late = await p1.sign(key, 'nobody is there');
    expect(late).toMatchObject({ status: 'aborted', error: { code: 'timeout' } });
    expect((await p1.keys())[0]).toMatchObject({ state: 'active', lock: null });
    await without.stop();
    const again = await startPair(alone);
    expect((await again.p1.sign(key, 'now')).status).toBe('completed');
    await again.stop();
    removeStores(alone);
  });
});
