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

/** Every scalar that a session draws from its generator ends as zeros: found through the draws. */
const watched = (seed: string) => {
  const drawn: Uint8Array[] = [];
  const source = seededRng(seed);
  return { drawn, rng: (length: number) => drawn[drawn.push(source(length)) - 1] ?? source(0) };
};

describe('secrets do not outlive a session', () => {
  test('that is called off in the middle', () => {
    const { drawn, rng } = watched('called off');
    const session = sign({ ...parametersOf(1), rng });
    session.start();
    session.close();
    expect(session.outcome).toMatchObject({
      status: 'aborted',
      reason: 'aborted-by-peer',
      culprits: [],
    });
    // Draws: 48 bytes become scalars and are wiped at once; 64 are the choice bits of a multiplication.
    const kept = drawn.filter(({ length }) => length === 64);
    expect(kept).toHaveLength(2);
    for (const choices of kept) expect(choices.every((byte) => byte === 0)).toBe(true);
  });

  test('that a peer ends by two versions of a message', () => {
    const { drawn, rng } = watched('conflict');
    const session = sign({ ...parametersOf(1), rng });
    session.start();
    session.receive({ round: 1, from: 2, to: null, body: new Uint8Array(32) });
    session.receive({ round: 1, from: 2, to: null, body: new Uint8Array(32).fill(1) });
    expect(session.outcome).toMatchObject({ reason: 'equivocation', culprits: [2] });
    const choices = drawn.filter(({ length }) => length === 64);
    expect(choices.flatMap((bytes) => [...bytes]).every((byte) => byte === 0)).toBe(true);
  });

  test('of key generation: zero-share seeds and base-OT choices', () => {
    const { drawn, rng } = watched('keygen');
    const base = { sessionId: sessionIdOf('keygen/2-of-2'), threshold: 2, parties: 2 };
    const sessions = keygenSessions(2, 2);
    sessions.set(1, keygen({ ...base, index: 1, rng }));
    outputs(simulate(sessions));
    const [choices] = drawn.filter(({ length }) => length === 16);
    expect(choices?.every((byte) => byte === 0)).toBe(true);
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
