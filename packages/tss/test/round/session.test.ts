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

const parameters = new Uint8Array(32).fill(0xaa);
/** A party's message of round 1. */
const opening = (value: number): Uint8Array => Uint8Array.from([...parameters, value]);

const sessionsOf = (parties: readonly number[]): Map<number, Session<number>> =>
  new Map(
    parties.map((index) => {
      const peers = parties.filter((party) => party !== index);
      return [index, new Session(sums(index, peers), optionsOf(index, parties))];
    }),
  );

const optionsOf = (index: number, parties: readonly number[]) => ({
  index,
  parties,
  shape: SHAPE,
  echo,
  parameters,
});

const split = (message: Message, to: number): Message[] => {
  const altered = message.round === 1 && message.from === 2 && to === 3;
  return [altered ? { ...message, body: opening(99) } : message];
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
    const body = opening(7);
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
    const message = { round: 1, from: 2, to: null, body: opening(20) };
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
        return [index, new Deaf(sums(index, peers), optionsOf(index, parties))];
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

  /** Party 1 of n, started, which heard round 1 of everybody. */
  const afterRound1 = (n: number): Session<number> => {
    const parties = Array.from({ length: n }, (_, at) => at + 1);
    const session = new Session(sums(1, parties.slice(1)), optionsOf(1, parties));
    session.start();
    for (const from of parties.slice(1)) {
      session.receive({ round: 1, from, to: null, body: opening(from * 10) });
    }
    return session;
  };
  const echoOf = (...said: readonly (readonly [number, number])[]): Uint8Array =>
    echo(
      1,
      said.map(([from, value]) => ({ from, body: opening(value) })),
    );

  test.each([0, 1, 31])(
    'W-7: a body of %i bytes is malformed, and its sender is named',
    (length) => {
      const session = afterRound1(3);
      const right = echoOf([1, 10], [2, 20], [3, 30]);
      session.receive({ round: 2, from: 3, to: 1, body: Uint8Array.from([...right, 4]) });
      session.receive({ round: 2, from: 2, to: 1, body: right.slice(0, length) });
      expect(session.outcome).toMatchObject({
        reason: 'malformed-message',
        culprits: [2],
        round: 2,
        evidence: [
          { round: 1, from: 2, to: null },
          { round: 2, from: 2, to: 1 },
        ],
      });
    },
  );

  test('W-7: between two a false echo names the other one', () => {
    const session = afterRound1(2);
    const body = Uint8Array.from([...echoOf([1, 10], [2, 21]), 3]);
    session.receive({ round: 2, from: 2, to: 1, body });
    expect(session.outcome).toMatchObject({ reason: 'equivocation', culprits: [2], bans: [] });
  });

  test('Y-13: other parameters end round 1 for all, name who differs and blame nobody', () => {
    const session = sessionsOf([1, 2, 3]).get(1);
    session?.start();
    const other = opening(20).map((byte, at) => (at === 31 ? byte ^ 1 : byte));
    session?.receive({ round: 1, from: 2, to: null, body: other });
    expect(session?.outcome).toBeUndefined(); // not before all have spoken
    session?.receive({ round: 1, from: 3, to: null, body: opening(30) });
    expect(session?.outcome).toMatchObject({
      reason: 'parameters-mismatch',
      culprits: [],
      differing: [2],
      bans: [],
      keyUnsafe: null,
      evidence: [{ round: 1, from: 2, to: null, body: other }],
    });
  });

  test('Y-13: a first message too short to hold the parameters is malformed', () => {
    const session = sessionsOf([1, 2]).get(1);
    session?.start();
    session?.receive({ round: 1, from: 2, to: null, body: new Uint8Array(31) });
    expect(session?.outcome).toMatchObject({ reason: 'malformed-message', culprits: [2] });
  });

  test('W-5: what ended before its start stays as it ended, and says nothing', () => {
    const session = new Session(sums(1, [2]), optionsOf(1, [1, 2]));
    session.receive({ round: 1, from: 2, to: null, body: opening(1) });
    session.receive({ round: 1, from: 2, to: null, body: opening(2) });
    const ended = session.outcome;
    expect(ended).toMatchObject({ status: 'aborted', reason: 'equivocation', culprits: [2] });
    expect(session.start()).toEqual([]);
    expect(session.outcome).toBe(ended);
  });

  test('W-5: a session that is closed before its start is called off', () => {
    const session = new Session(sums(1, [2]), optionsOf(1, [1, 2]));
    session.close();
    const ended = session.outcome;
    expect(ended).toMatchObject({ status: 'aborted', reason: 'aborted-by-peer', culprits: [] });
    expect(session.start()).toEqual([]);
    expect(session.outcome).toBe(ended);
    session.close();
    expect(session.outcome).toBe(ended);
  });

  test('W-9: what comes after the end changes nothing', () => {
    const sessions = sessionsOf([1, 2]);
    const { sent } = simulate(sessions);
    const session = sessions.get(1);
    const ended = session?.outcome;
    expect(ended).toEqual({ status: 'completed', output: 30 });
    for (const value of [1, 2]) {
      const late = { round: 1, from: 2, to: null, body: opening(value) };
      expect(session?.receive(late)).toEqual({ disposition: 'ignored', send: [] });
    }
    for (const message of sent.filter(({ from }) => from === 2)) session?.receive(message);
    session?.close();
    expect(session?.outcome).toBe(ended);
  });

  const NOT_NUMBERS: readonly unknown[] = [
    undefined,
    Number.NaN,
    Infinity,
    1.5,
    '1',
    'length',
    '__proto__',
    {},
    [],
    [1],
    true,
    1n,
    Symbol.iterator,
    { valueOf: () => 1 },
  ];
  const NOT_BYTES: readonly unknown[] = [
    undefined,
    null,
    'abc',
    5,
    {},
    { length: 33 },
    [1, 2, 3],
    new Uint16Array(33),
    new Proxy(opening(1), {}),
    Object.create(Uint8Array.prototype),
  ];
  test.each([
    undefined,
    null,
    5,
    'x',
    [],
    {},
    ...NOT_NUMBERS.map((round) => ({ round, from: 2, to: null, body: opening(1) })),
    ...[...NOT_NUMBERS, null].map((from) => ({ round: 1, from, to: null, body: opening(1) })),
    ...NOT_NUMBERS.map((to) => ({ round: 1, from: 2, to, body: opening(1) })),
    ...NOT_BYTES.map((body) => ({ round: 1, from: 2, to: null, body })),
  ])('W-8: a value that is no message is ignored (%#)', (value) => {
    const session = sessionsOf([1, 2]).get(1);
    session?.start();
    expect(session?.receive(value as Message)).toEqual({ disposition: 'ignored', send: [] });
    expect(session?.outcome).toBeUndefined();
    const good = { round: 1, from: 2, to: null, body: opening(20) };
    expect(session?.receive(good).disposition).toBe('accepted');
  });

  test('a fault of our own ends the session without blame and without an exception', () => {
    function* broken(): Protocol<number> {
      yield* exchange(round1, [2], Number.NaN, () => {
        throw new Error('unreachable: a round without direct parts');
      });
      throw new Error('for this test');
    }
    const session = new Session(broken(), optionsOf(1, [1, 2]));
    expect(session.start()).toHaveLength(1);
    session.receive({ round: 1, from: 2, to: null, body: opening(1) });
    expect(session.outcome).toMatchObject({
      status: 'aborted',
      reason: 'internal-error',
      culprits: [],
      cause: new Error('for this test'),
    });
  });
});
