import { describe, expect, test, vi } from 'vitest';
import type { Message } from '../src/index.ts';
import { keygen, sign } from '../src/dkls23/index.ts';
import { concat } from '../src/arith/bytes.ts';
import { parametersHash } from '../src/agreement.ts';
import { signSid } from '../src/dkls23/parameters.ts';
import {
  keygenSessions,
  keysharesOf,
  parametersOf,
  sessionIdOf,
  signSessions,
} from './support/parties.ts';
import { seededRng } from './support/rng.ts';
import { outputs, simulate } from './support/simulate.ts';

/** Draws as the code of a step gets them. */
const given = vi.hoisted((): Uint8Array[] => []);

vi.mock(import('../src/rng.ts'), async (original) => {
  const real = await original();
  return {
    ...real,
    withDraw: (rng, length, step) =>
      real.withDraw(rng, length, (drawn) =>
        step((wanted) => {
          const bytes = drawn(wanted);
          given.push(bytes);
          return bytes;
        }),
      ),
  };
});

/** Every scalar that a session draws from its generator ends as zeros: found through the draws. */
const watched = (seed: string) => {
  given.length = 0;
  const whole: Uint8Array[] = [];
  const source = seededRng(seed);
  return { whole, rng: (length: number) => whole[whole.push(source(length)) - 1] ?? source(0) };
};

const isWiped = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

/** The steps' own draws of that length. */
const drawnBy = (length: number): Uint8Array[] => given.filter((bytes) => bytes.length === length);

describe('secrets do not outlive a session', () => {
  test('that is called off in the middle', () => {
    const { whole, rng } = watched('called off');
    const session = sign({ ...parametersOf(1), rng });
    session.start();
    session.close();
    expect(session.outcome).toMatchObject({
      status: 'aborted',
      reason: 'aborted-by-peer',
      culprits: [],
    });
    // Draws: 48 bytes become scalars and are wiped at once; 64 are the choice bits of a multiplication.
    expect(drawnBy(64)).toHaveLength(2);
    expect(drawnBy(64).every(isWiped)).toBe(true);
    // One draw of the step: r, φ, a salt, and two times choices and filler.
    expect(whole.map(({ length }) => length)).toEqual([48 + 48 + 32 + 2 * (64 + 16)]);
    expect(whole.every(isWiped)).toBe(true);
  });

  test('that a peer ends by two versions of a message', () => {
    const { rng } = watched('conflict');
    const session = sign({ ...parametersOf(1), rng });
    session.start();
    session.receive({ round: 1, from: 2, to: null, body: new Uint8Array(32) });
    session.receive({ round: 1, from: 2, to: null, body: new Uint8Array(32).fill(1) });
    expect(session.outcome).toMatchObject({ reason: 'equivocation', culprits: [2] });
    expect(drawnBy(64)).toHaveLength(2);
    expect(drawnBy(64).every(isWiped)).toBe(true);
  });

  test('of key generation: zero-share seeds and base-OT choices', () => {
    const { whole, rng } = watched('keygen');
    const base = { sessionId: sessionIdOf('keygen/2-of-2'), threshold: 2, parties: 2 };
    const sessions = keygenSessions(2, 2);
    sessions.set(1, keygen({ ...base, index: 1, rng }));
    outputs(simulate(sessions));
    expect(drawnBy(16)).toHaveLength(2); // one of each party
    expect(drawnBy(16).every(isWiped)).toBe(true);
    // The two steps of base OT with the one peer draw once each.
    const steps = whole.filter(({ length }) => length > 10_000);
    expect(steps.map(({ length }) => length)).toEqual([16 + 256 * 48, 256 * 48]);
    expect(steps.every(isWiped)).toBe(true);
  });
});

test('a session takes messages that come before its own start', () => {
  const keyshares = keysharesOf(2, 3);
  const sessions = signSessions(keyshares, [1, 2], { seed: 'early' });
  const [one, two] = [sessions.get(1), sessions.get(2)];
  if (one === undefined || two === undefined) throw new Error('no sessions');
  const early = two.start();
  for (const message of early) one.receive(message);
  const queue: Message[] = one.start();
  expect(queue.map(({ round }) => round)).toEqual([1, 1, 2]);
  one.close();
});

test('a session starts once; one that ended says nothing when it is started', () => {
  const session = sign(parametersOf(1));
  session.start();
  expect(() => session.start()).toThrow('starts once');
  const failing = vi.fn(() => {
    throw new Error('no entropy');
  });
  const failed = sign({ ...parametersOf(1), rng: failing });
  expect(failed.start()).toEqual([]);
  expect(failed.start()).toEqual([]);
  expect(failed.outcome).toMatchObject({ status: 'aborted', reason: 'internal-error' });
  expect(failing).toHaveBeenCalledTimes(1);
});

test('J-4: bodies and keyshares in pooled Buffers are read as their own bytes', () => {
  const sessions = keygenSessions(2, 3, 'buffers');
  const run = simulate(sessions, {
    tamper: (message) => [
      { ...message, body: Buffer.from(Buffer.concat([Buffer.alloc(7), message.body])).subarray(7) },
    ],
  });
  expect([...outputs(run).keys()]).toEqual([1, 2, 3]);
});

test('a keyshare that was wiped refuses to sign, and is not used by a session that has it', () => {
  const run = parametersOf(1);
  const copy = (
    run.keyshare.constructor as unknown as { decode(bytes: Uint8Array): typeof run.keyshare }
  ).decode(run.keyshare.encode());
  const session = sign({ ...run, keyshare: copy });
  session.start();
  copy.wipe();
  expect(() => sign({ ...run, keyshare: copy })).toThrow(
    expect.objectContaining({ code: 'input/keyshare' }),
  );
  const broadcast = concat(parametersHash(signSid(run)), new Uint8Array(32));
  session.receive({ round: 1, from: 2, to: null, body: broadcast });
  session.receive({ round: 1, from: 2, to: 1, body: new Uint8Array(4624) });
  session.receive({ round: 1, from: 3, to: null, body: broadcast });
  session.receive({ round: 1, from: 3, to: 1, body: new Uint8Array(4624) });
  expect(session.outcome).toMatchObject({ reason: 'internal-error', culprits: [], bans: [] });
});
