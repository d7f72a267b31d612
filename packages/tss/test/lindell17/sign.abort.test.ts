import { describe, expect, test } from 'vitest';
import type { Message, Outcome, Signature } from '../../src/index.ts';
import { twoPartySign } from '../../src/lindell17/index.ts';
import { concat } from '../../src/arith/bytes.ts';
import { parametersHash } from '../../src/agreement.ts';
import { addScalars, scalarFromNumber } from '../../src/arith/scalar.ts';
import type { Span } from '../../src/codec.ts';
import { commit } from '../../src/commitment.ts';
import {
  encodeProvenNonce,
  signCommit,
  signDone,
  signOpen,
  signP2Nonce,
  signP2Partial,
} from '../../src/lindell17/messages.ts';
import { signSid } from '../../src/lindell17/parameters.ts';
import { commitmentBound } from '../../src/lindell17/party.ts';
import { twoPartySignProtocol } from '../../src/lindell17/sign.ts';
import { ECHO_LENGTH } from '../../src/round/echo.ts';
import { rememberPowers } from '../support/memo.ts';
import { mutationsOf, same, splice } from '../support/mutations.ts';
import { outputs, simulate } from '../support/simulate.ts';
import {
  both,
  deviating,
  frozenShares,
  outcomeAgainst,
  signParameters,
  signSessions,
} from '../support/twoParty.ts';

rememberPowers();
const shares = frozenShares();
const TURNS = [signCommit, signP2Nonce, signOpen, signP2Partial(2048), signDone];
const { sent } = simulate(signSessions(shares));
const elsewhere = simulate(signSessions(shares, { seed: 'elsewhere' })).sent;

const bodyOf = (round: number, among: readonly Message[] = sent): Uint8Array => {
  const message = among.find((one) => one.round === round);
  if (message === undefined) throw new Error('no message');
  return round === 1 ? message.body.subarray(ECHO_LENGTH) : message.body;
};

const spansOf = (round: number): Span[] => {
  const body = TURNS[round - 1]?.body as unknown as { spans(bytes: Uint8Array): Span[] };
  return body.spans(bodyOf(round));
};

const speakerOf = (round: number): 1 | 2 => (round % 2 === 1 ? 1 : 2);

/** How the other party ends when the speaker of a round says something else. */
const outcomeOf = (
  round: number,
  alter: (bytes: Uint8Array) => Uint8Array,
): Outcome<Signature> | undefined => {
  const evil = speakerOf(round);
  const [own, theirs] = evil === 1 ? [shares[1], shares[0]] : shares;
  const deviation = { round, part: 'each', alter } as const;
  const peer = deviating(twoPartySignProtocol(signParameters(theirs)), deviation);
  return outcomeAgainst(evil === 1 ? 2 : 1, twoPartySign(signParameters(own)), peer);
};

/** By round and field: reason, and whether the key is unsafe afterwards. */
const EXPECTED: readonly [RegExp, readonly string[], 'refreshable' | null][] = [
  [/^1/, ['commitment-mismatch'], null],
  [/^2/, ['invalid-proof'], null],
  [/^3/, ['commitment-mismatch'], null],
  [/^4\.D/, ['invalid-proof'], 'refreshable'],
  [/^4\.proof/, ['invalid-proof'], 'refreshable'],
  [/^5/, ['invalid-signature'], null],
];

const fields = [1, 2, 3, 4, 5].flatMap((round) =>
  spansOf(round).map((span) => ({ round, span, name: `${round}${span.path.slice(4)}` })),
);

describe.each(fields)(
  'C.1 two-party signing, $name of a deviating party',
  ({ round, span, name }) => {
    const session = bodyOf(round, elsewhere).slice(span.start, span.end);
    test.each(mutationsOf(span))('%s', (_, alter) => {
      const field = alter(bodyOf(round).slice(span.start, span.end), { peer: session, session });
      const altered = splice(bodyOf(round), span, field);
      const outcome = outcomeOf(round, () => altered);
      if (same(altered, bodyOf(round))) return expect(outcome?.status).toBe('completed');
      if (outcome?.status !== 'aborted') throw new Error(`ended as ${outcome?.status}`);
      const [, reasons = [], unsafe = null] = EXPECTED.find(([field]) => field.test(name)) ?? [];
      expect(['malformed-message', 'invalid-ciphertext', ...reasons]).toContain(outcome.reason);
      const locks = reasons.includes(outcome.reason) ? unsafe : null;
      expect(outcome.keyUnsafe).toBe(locks);
      expect(outcome.culprits).toEqual([speakerOf(round)]);
      expect(outcome.bans).toEqual(locks === null ? [] : [2]);
      expect(outcome.evidence.every(({ from }) => from === speakerOf(round))).toBe(true);
      expect(outcome.evidence.length).toBeGreaterThan(0);
    });
  },
);

describe.each([1, 2, 3, 4, 5])('C.1 two-party signing, whole message %i', (round) => {
  test.each([
    ['empty', () => new Uint8Array()],
    ['one byte short', (bytes: Uint8Array) => bytes.slice(0, -1)],
    ['one byte long', (bytes: Uint8Array) => new Uint8Array([...bytes, 0])],
    ['a megabyte of zeros', () => new Uint8Array(1 << 20)],
  ])('%s is malformed and blamed, and locks nothing', (_, alter) => {
    expect(outcomeOf(round, alter)).toMatchObject({
      status: 'aborted',
      reason: 'malformed-message',
      culprits: [speakerOf(round)],
      bans: [],
      keyUnsafe: null,
    });
  });
});

const tuple = (name: string, bytes: Uint8Array): [string, Uint8Array] => [name, bytes];

describe('L-9: an ephemeral point that is none', () => {
  const point = bodyOf(2).subarray(0, 33);
  const withPrefix = (prefix: number) => point.map((byte, at) => (at === 0 ? prefix : byte));
  test.each([
    tuple('33 zero bytes', new Uint8Array(33)),
    tuple('x of p or more', new Uint8Array(33).fill(0xff).fill(2, 0, 1)),
    tuple('x that is not on the curve', new Uint8Array(33).fill(2, 0, 1).fill(5, 32)),
    ...[0, 1, 4, 5, 6, 7].map((prefix) => tuple(`prefix ${prefix}`, withPrefix(prefix))),
  ])('%s', (_, bytes) => {
    const outcome = outcomeOf(2, (body) => splice(body, { start: 0, end: 33 }, bytes));
    expect(outcome).toMatchObject({ reason: 'malformed-message', culprits: [2], keyUnsafe: null });
  });
});

describe('P9, L-6: D that is no ciphertext is blamed, and locks nothing', () => {
  const { N } = shares[0].fields;
  const [p] = [
    BigInt(`0x${Buffer.from(shares[0].fields.primes.subarray(0, 128)).toString('hex')}`),
  ];
  test.each([
    ['zero', 0n],
    ['N', N],
    ['N²', N * N],
    ['a multiple of a factor', p * 12345n],
  ])('%s', (_, value) => {
    const bytes = new Uint8Array(Buffer.from(value.toString(16).padStart(1024, '0'), 'hex'));
    const outcome = outcomeOf(4, (body) => splice(body, { start: 0, end: 512 }, bytes));
    expect(outcome).toMatchObject({
      reason: 'invalid-ciphertext',
      culprits: [2],
      bans: [],
      keyUnsafe: null,
    });
  });
});

describe('messages of other sessions', () => {
  const from = (index: number, seed: string, rounds: readonly number[]): Message[] =>
    simulate(signSessions(shares, { seed })).sent.filter(
      (message) => message.from === index && rounds.includes(message.round),
    );
  const replayed = (messages: readonly Message[]): Outcome<Signature> | undefined => {
    const p1 = twoPartySign(signParameters(shares[0], { seed: 'b' }));
    p1.start();
    for (const message of messages) p1.receive(message);
    return p1.outcome;
  };

  test('L-11: P2’s messages of a session about the same digest give no signature in another', () => {
    expect(replayed(from(2, 'a', [2, 4]))).toMatchObject({
      reason: 'invalid-proof',
      culprits: [2],
      keyUnsafe: null,
    });
  });

  test('L-11: nor does its last message alone, which is as good as a bad proof', () => {
    const messages = [...from(2, 'b', [2]), ...from(2, 'a', [4])];
    expect(replayed(messages)).toMatchObject({ reason: 'invalid-proof', keyUnsafe: 'refreshable' });
  });

  test('L-11: nor P1’s, at P2', () => {
    const parameters = signParameters(shares[1], { seed: 'b' });
    const outcomeAfter = (messages: readonly Message[]) => {
      const p2 = twoPartySign(parameters);
      p2.start();
      for (const message of messages) p2.receive(message);
      return p2.outcome;
    };
    const [first, third] = from(1, 'a', [1, 3]);
    if (first === undefined || third === undefined) throw new Error('no messages');
    expect(outcomeAfter([first, third])).toMatchObject({
      reason: 'parameters-mismatch',
      differing: [1],
      culprits: [],
    });
    const ours = concat(parametersHash(signSid(parameters)), first.body.subarray(ECHO_LENGTH));
    expect(outcomeAfter([{ ...first, body: ours }, third])).toMatchObject({
      reason: 'commitment-mismatch',
      culprits: [1],
    });
  });

  test('L-13: P1’s own point and proof, reflected, are no proof of P2', () => {
    const opening = bodyOf(3).slice(0, 98);
    const outcome = outcomeOf(2, () => opening);
    expect(outcome).toMatchObject({ reason: 'invalid-proof', culprits: [2], keyUnsafe: null });
  });

  test('wrong rounds, roles and recipients are ignored', () => {
    const p1 = twoPartySign(signParameters(shares[0]));
    p1.start();
    const body = bodyOf(2);
    for (const message of [
      { round: 1, from: 2, to: 1, body },
      { round: 3, from: 2, to: 1, body },
      { round: 5, from: 2, to: 1, body },
      { round: 6, from: 2, to: 1, body },
      { round: 2, from: 1, to: 1, body },
      { round: 2, from: 3, to: 1, body },
      { round: 2, from: 2, to: 2, body },
      { round: 2, from: 2, to: null, body },
    ]) {
      expect(p1.receive(message).disposition).toBe('ignored');
    }
    expect(p1.outcome).toBeUndefined();
    expect(p1.receive({ round: 2, from: 2, to: 1, body }).disposition).toBe('accepted');
    expect(p1.receive({ round: 2, from: 2, to: 1, body }).disposition).toBe('duplicate');
  });

  test('two versions of one message are equivocation, and lock nothing', () => {
    const p1 = twoPartySign(signParameters(shares[0]));
    p1.start();
    const body = bodyOf(2);
    p1.receive({ round: 2, from: 2, to: 1, body });
    p1.receive({ round: 2, from: 2, to: 1, body: body.map((byte) => byte ^ 1) });
    expect(p1.outcome).toMatchObject({ reason: 'equivocation', culprits: [2], keyUnsafe: null });
  });
});

test('G8: P2 refuses the high s of a signature that it would take with the low one', () => {
  const [, signature] = both(outputs(simulate(signSessions(shares))));
  const q = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const high = q - BigInt(`0x${Buffer.from(signature.s).toString('hex')}`);
  const bytes = new Uint8Array(Buffer.from(high.toString(16).padStart(64, '0'), 'hex'));
  const outcome = outcomeOf(5, (body) => splice(body, { start: 32, end: 64 }, bytes));
  expect(outcome).toMatchObject({ reason: 'invalid-signature', culprits: [1], keyUnsafe: null });
});

test('L2: P1 commits to a proof that is wrong, and opens it', () => {
  const parameters = signParameters(shares[1]);
  const { opening } = signOpen.body.decode(bodyOf(3), 'body');
  const response = addScalars(opening.response, scalarFromNumber(1));
  const wrong = { ...opening, response };
  const salt = new Uint8Array(32).fill(7);
  const bound = commitmentBound(signSid(parameters), 1);
  const own = twoPartySign(parameters);
  own.start();
  const commitment = commit(bound, salt, encodeProvenNonce(wrong));
  const body = concat(parametersHash(signSid(parameters)), commitment);
  own.receive({ round: 1, from: 1, to: 2, body });
  const last = signOpen.body.encode({ opening: wrong, salt });
  own.receive({ round: 3, from: 1, to: 2, body: last });
  expect(own.outcome).toMatchObject({ reason: 'invalid-proof', culprits: [1], keyUnsafe: null });
});
