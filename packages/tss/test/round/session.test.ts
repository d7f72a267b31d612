import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { BodyCodec, Round } from '../../src/round/protocol.ts';
import { abortUnless, exchange, nothing, type Protocol } from '../../src/round/protocol.ts';
import { DecodeError } from '../../src/round/errors.ts';
import type { EchoHash } from '../../src/round/echo.ts';
import type { Message, Outcome } from '../../src/index.ts';
import { Session } from '../../src/round/session.ts';
import { simulate } from '../support/simulate.ts';

/** A protocol without cryptography: everybody says a number, then a sum to each peer. */
const byte: BodyCodec<number> = {
  encode: (value) => new Uint8Array([value]),
  decode: (bytes, path) => {
    const [value] = bytes;
    if (bytes.length !== 1 || value === undefined) throw new DecodeError(path, 'one byte');
    return value;
  },
};
const round1: Round<number, null> = { number: 1, all: byte, each: null };
const round2: Round<null, number> = { number: 2, all: null, each: byte };
const round3: Round<number, number> = { number: 3, all: byte, each: byte };
const SHAPE = [
  { all: true, each: false },
  { all: false, each: true },
  { all: true, each: true },
];

function* sums(index: number, peers: readonly number[]): Protocol<number> {
  const first = yield* exchange(round1, peers, index * 10, nothing);
  const sum = first.entries().reduce((total, [, { all }]) => total + all, index * 10);
  const second = yield* exchange(round2, peers, null, (to) => index + to);
  abortUnless(
    second.entries().every(([from, { each }]) => each === index + from),
    'invalid-share',
    'wrong sum',
  );
  yield* exchange(round3, peers, sum, (to) => to);
  return sum;
}

const echo: EchoHash = (round, broadcasts) => {
  const hash = createHash('sha256').update(`${round}`);
  for (const { from, body } of broadcasts) hash.update(`${from}`).update(body);
  return new Uint8Array(hash.digest());
};

const sessionsOf = (parties: readonly number[]): Map<number, Session<number>> =>
  new Map(
    parties.map((index) => {
      const peers = parties.filter((party) => party !== index);
      return [index, new Session(sums(index, peers), { index, parties, shape: SHAPE, echo })];
    }),
  );

const split = (message: Message, to: number): Message[] => {
  const altered = message.round === 1 && message.from === 2 && to === 3;
  return [altered ? { ...message, body: new Uint8Array([99]) } : message];
};

describe('session', () => {
  test('runs a protocol to the same output under any order of delivery, with repeats', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 2, max: 5 }), (seed, n) => {
        const parties = Array.from({ length: n }, (_, at) => at + 1);
        const { outcomes } = simulate(sessionsOf(parties), { shuffle: seed });
        const output = (n * (n + 1) * 10) / 2;
        for (const outcome of outcomes.values())
          expect(outcome).toEqual({ status: 'completed', output });
      }),
      { numRuns: 1000 },
    );
  });

  test('waits for whoever has not spoken, and blames nobody for it', () => {
    const sessions = sessionsOf([1, 2, 3]);
    simulate(sessions, { silent: [3] });
    expect(sessions.get(1)?.waitingFor()).toEqual([3]);
    expect(sessions.get(1)?.outcome).toBeUndefined();
  });

  test('D-13, C.1: ignores strangers, itself, other recipients, unknown rounds and parts', () => {
    const session = sessionsOf([1, 2, 3]).get(1);
    if (session === undefined) throw new Error('no session');
    session.start();
    const body = new Uint8Array([7]);
    for (const message of [
      { round: 1, from: 9, to: null, body },
      { round: 1, from: 1, to: null, body },
      { round: 2, from: 2, to: 3, body },
      { round: 2, from: 2, to: null, body },
      { round: 1, from: 2, to: 1, body },
      { round: 0, from: 2, to: null, body },
      { round: 4, from: 2, to: null, body },
      { round: 1.5, from: 2, to: null, body },
    ]) {
      expect(session.receive(message)).toEqual({ disposition: 'ignored', send: [] });
    }
    expect(session.outcome).toBeUndefined();
  });

  test('ignores a byte-identical duplicate', () => {
    const session = sessionsOf([1, 2, 3]).get(1);
    const message = { round: 1, from: 2, to: null, body: new Uint8Array([20]) };
    session?.start();
    expect(session?.receive(message).disposition).toBe('accepted');
    expect(session?.receive({ ...message, body: message.body.slice() }).disposition).toBe(
      'duplicate',
    );
  });

  test('T6, D-6: a split broadcast ends the session at everybody who can see it', () => {
    const { outcomes } = simulate(sessionsOf([1, 2, 3]), { tamper: split });
    expect(outcomes.get(1)).toMatchObject({
      status: 'aborted',
      reason: 'equivocation',
      culprits: [],
    });
    expect(outcomes.get(3)).toMatchObject({
      status: 'aborted',
      reason: 'equivocation',
      culprits: [],
    });
  });

  test('without the echo a split broadcast passes: the test above bites', async () => {
    vi.resetModules();
    vi.doMock('../../src/round/echo.ts', async (original) => ({
      ...(await original<typeof import('../../src/round/echo.ts')>()),
      echoMatches: () => true,
    }));
    const { Session: Deaf } = await import('../../src/round/session.ts');
    const parties = [1, 2, 3];
    const sessions = new Map(
      parties.map((index) => {
        const peers = parties.filter((party) => party !== index);
        return [index, new Deaf(sums(index, peers), { index, parties, shape: SHAPE, echo })];
      }),
    );
    const { outcomes } = simulate(sessions as ReadonlyMap<number, Session<number>>, {
      tamper: split,
    });
    vi.doUnmock('../../src/round/echo.ts');
    vi.resetModules();
    const said = (outcome: Outcome<number> | undefined) =>
      outcome?.status === 'completed' ? outcome.output : outcome;
    expect(said(outcomes.get(1))).toBe(60);
    expect(said(outcomes.get(3))).toBe(139);
  });

  test('a fault of our own ends the session without blame and without an exception', () => {
    function* broken(): Protocol<number> {
      yield* exchange(round1, [2], Number.NaN, () => {
        throw new Error('unreachable: a round without direct parts');
      });
      throw new Error('for this test');
    }
    const session = new Session(broken(), { index: 1, parties: [1, 2], shape: SHAPE, echo });
    expect(session.start()).toHaveLength(1);
    session.receive({ round: 1, from: 2, to: null, body: new Uint8Array([1]) });
    expect(session.outcome).toMatchObject({
      status: 'aborted',
      reason: 'internal-error',
      culprits: [],
    });
  });
});
