import { afterAll, beforeAll, expect, test } from 'vitest';
import { Meddler, type Passing } from './meddler.ts';
import { peerOf, Running } from './pair.ts';
import { copyStores, forgetModuli, makeStores, removeStores, stockPrimes } from './stores.ts';
import { SIGNING } from './signing.ts';

/** Two processes that can die and start again behind one address. */
class Survivors {
  readonly directory: string;
  readonly meddler: Meddler;
  p1: Running;
  p2: Running;

  private constructor(directory: string, meddler: Meddler, p1: Running, p2: Running) {
    this.directory = directory;
    this.meddler = meddler;
    this.p1 = p1;
    this.p2 = p2;
  }

  static async start(directory: string): Promise<Survivors> {
    const p1 = await Running.start(directory, 'enterprise');
    const meddler = await Meddler.start(peerOf(p1));
    const p2 = await Running.start(directory, 'mobile-app', { peer: meddler.url });
    const made = new Survivors(directory, meddler, p1, p2);
    await made.connected();
    return made;
  }

  async connected(): Promise<void> {
    await Promise.all([this.p1.connected(), this.p2.connected()]);
  }

  /** Kills a side where a message of its session passes; the message is lost with it. */
  killAt(side: 'p1' | 'p2', concerns: (passing: Passing) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let dead = false;
      this.meddler.decide = (passing) => {
        if (dead) return 'drop';
        if (!concerns(passing)) return 'pass';
        dead = true;
        this[side].kill().then(resolve, reject);
        return 'drop';
      };
    });
  }

  async restart(side: 'p1' | 'p2'): Promise<void> {
    this.meddler.decide = () => 'pass';
    if (side === 'p1') {
      this.p1 = await Running.start(this.directory, 'enterprise');
      this.meddler.upstream = peerOf(this.p1);
    } else {
      this.p2 = await Running.start(this.directory, 'mobile-app', { peer: this.meddler.url });
    }
    await this.connected();
  }

  async stop(): Promise<void> {
    await Promise.all([this.p1.stop(), this.p2.stop()]);
    await this.meddler.close();
    removeStores(this.directory);
  }
}

const SIDES = ['p1', 'p2'] as const;

/** Every step of a set-up, with the number of its message where the type comes twice. */
const SET_UP = [
  ['pre_params', 'p2', 0],
  ['keygen_p1_data', 'p2', 0],
  ['keygen_p2_ack', 'p1', 0],
  ['session_sync', 'p1', 1],
  ['session_sync', 'p2', 1],
] as const;

const signing = SIDES.flatMap((side) => SIGNING.map(([type, to]) => [side, type, to] as const));
const settingUp = SIDES.flatMap((side) =>
  SET_UP.map(([type, to, seq]) => [side, type, to, seq] as const),
);

/**
 * Tests of processes that die: either of them at every step of a signature, and in a set-up where the
 * two stores could disagree; with `whole` at every step of a set-up, too.
 */
export function defineCrashTests(whole: boolean): void {
  const setUpCases = whole
    ? settingUp
    : settingUp.filter(([side, type, to]) => type === 'session_sync' && side === to);
  const refreshCases = whole ? SIDES : (['p2'] as const);

  let empty: string;
  let original: string;
  let pair: Survivors;
  let key: string;

  beforeAll(async () => {
    empty = await makeStores();
    original = copyStores(empty);
    const first = await Survivors.start(original);
    key = (await first.p1.keygen()).session_id;
    await first.p2.over(key);
    await Promise.all([first.p1.stop(), first.p2.stop()]);
    await first.meddler.close();
    await forgetModuli(original);
    pair = await Survivors.start(copyStores(original));
  });

  afterAll(async () => {
    await pair.stop();
    removeStores(empty, original);
  });

  test.each(signing)(
    'kill -9 of %s at %s towards %s: the signature ends cleanly, the key stays, the next one completes',
    async (side, type, towards) => {
      const killed = pair.killAt(
        side,
        (passing) => passing.type === type && passing.towards === towards,
      );
      const other = side === 'p1' ? 'p2' : 'p1';
      const id = pair[side].sign(key, 'x', { wait: 0 }).then(({ session_id }) => session_id);
      const sessionId = await id;
      await killed;
      await pair.restart(side);
      const here = await pair[side].over(sessionId);
      expect(here.status === 'completed' || here.error?.code === 'process_restarted').toBe(true);
      const known = await pair[other].request(`/api/v1/sessions/${sessionId}`);
      if (known.status === 200) {
        const there = await pair[other].over(sessionId);
        if (there.status === 'completed') expect(there.signature).not.toBeNull();
      }
      const next = await pair.p1.sign(key, 'the next one');
      expect(next).toMatchObject({ status: 'completed', error: null });
      await pair.p2.over(next.session_id);
    },
  );

  test.each(setUpCases)(
    'kill -9 of %s in a key generation at %s towards %s: both have the key, or neither',
    async (side, type, towards, seq) => {
      const other = await Survivors.start(copyStores(empty));
      const killed = other.killAt(
        side,
        (passing) =>
          passing.type === type &&
          passing.towards === towards &&
          passing.seq > 0 === (seq > 0 || type !== 'session_sync'),
      );
      const { session_id: id } = await other.p1.keygen(0);
      await killed;
      await other.restart(side);
      const states = await settledKeys(other);
      expect(states).toSatisfy(
        ([one, two]: (string | undefined)[]) =>
          one === two && (one === 'active' || one === undefined),
      );
      if (states[0] === 'active') {
        expect((await other.p2.sign(id, 'x')).status).toBe('completed');
      }
      await other.stop();
    },
  );

  test.each(refreshCases)(
    'kill -9 of %s where a refresh is confirmed: both go on with one epoch, and sign',
    async (side) => {
      const directory = copyStores(original);
      await stockPrimes(directory, 2048, 'others');
      const other = await Survivors.start(directory);
      const killed = other.killAt(
        side,
        ({ type, towards, seq }) => type === 'session_sync' && towards === 'p2' && seq > 0,
      );
      await other.p1.ask('/api/v1/refresh/two-party', { session_id: key, partner: 'mobile-app' });
      await killed;
      await other.restart(side);
      const [one, two] = await Promise.all([other.p1.keys(), other.p2.keys()]);
      expect(one[0]?.epoch).toBe(1);
      const signed = await other.p1.sign(key, 'x');
      expect(signed).toMatchObject({ status: 'completed', address: two[0]?.address });
      expect((await other.p2.keys())[0]?.epoch).toBe(1);
      await other.stop();
    },
  );
}

/** The states of the one key at both sides, once the sides agree on it. */
async function settledKeys(pair: Survivors): Promise<(string | undefined)[]> {
  const look = async (): Promise<(string | undefined)[]> =>
    Promise.all([pair.p1, pair.p2].map(async (side) => (await side.keys())[0]?.state));
  return pair.p1.until(look, ([one, two]) => one === two && one !== 'pending');
}
