import { describe, expect, test } from 'vitest';
import { backend } from '#backend';
import {
  type Message,
  type Outcome,
  twoPartyKeygen,
  type TwoPartyKeygenParameters,
  type TwoPartyKeyshare,
} from '../../src/index.ts';
import { naturalFromBytes, naturalToBytes } from '../../src/arith/integers.ts';
import { addScalars, scalarFromNumber } from '../../src/arith/scalar.ts';
import type { Span } from '../../src/codec.ts';
import { commit } from '../../src/commitment.ts';
import {
  encodeShareOpening,
  keygenP1Data,
  keygenP2Ack,
  preParams,
  preParamsAck,
  type ShareOpening,
} from '../../src/lindell17/messages.ts';
import { keygenSid } from '../../src/lindell17/parameters.ts';
import { commitmentBound } from '../../src/lindell17/party.ts';
import { rememberPowers } from '../support/memo.ts';
import { mutationsOf, same, splice } from '../support/mutations.ts';
import { simulate } from '../support/simulate.ts';
import { keygenParameters, keygenSessions, primesOf } from '../support/twoParty.ts';

type Party = 1 | 2;
const TURNS = [preParams(2048), preParamsAck, keygenP1Data(2048), keygenP2Ack];
const roleOf = (party: Party): 'P1' | 'P2' => (party === 1 ? 'P1' : 'P2');
const other = (party: Party): Party => (party === 1 ? 2 : 1);

rememberPowers();
const { sent } = simulate(keygenSessions());

const bodyOf = (round: number, from: Party): Uint8Array => {
  const message = sent.find((one: Message) => one.round === round && one.from === from);
  if (message === undefined) throw new Error('no message');
  return message.body;
};

const spansOf = (round: number, from: Party): Span[] => {
  const body = TURNS[round - 1]?.body as unknown as { spans(bytes: Uint8Array): Span[] };
  return body.spans(bodyOf(round, from));
};

/**
 * How the other party ends when `evil` says something else in a round. With the same randomness both say
 * what they said before, so that the rest of `evil`'s messages is what was recorded.
 */
const outcomeOf = (
  round: number,
  evil: Party,
  alter: (bytes: Uint8Array) => Uint8Array,
  more: Partial<TwoPartyKeygenParameters> = {},
): Outcome<TwoPartyKeyshare> | undefined => {
  const own = twoPartyKeygen({ ...keygenParameters(roleOf(other(evil))), ...more });
  own.start();
  for (const message of sent.filter(({ from }) => from === evil)) {
    own.receive(message.round === round ? { ...message, body: alter(message.body) } : message);
  }
  return own.outcome;
};

/** Of long arrays the first and the last item are altered. */
const sampled = (spans: readonly Span[]): Span[] =>
  spans.filter(({ path }) => {
    const at = /\[(\d+)\]/.exec(path)?.[1];
    return at === undefined || ['0', '127'].includes(at);
  });

/** By round and field: the reason, besides malformed messages. */
const EXPECTED: readonly [RegExp, readonly string[]][] = [
  [/^1\.(nonce|commitment)/, ['equivocation']],
  [/^1\.pedersen/, ['invalid-modulus', 'invalid-proof']],
  [/^1\.proof/, ['invalid-proof']],
  [/^2/, ['equivocation']],
  [/^3\.(opening|salt)/, ['commitment-mismatch']],
  [/^3\.paillier\.N/, ['invalid-modulus', 'invalid-proof']],
  [/^3\.paillier\.encryptedShare/, ['invalid-ciphertext', 'invalid-proof']],
  [/^3\.paillier/, ['invalid-proof']],
  [/^4\.transcript/, ['equivocation']],
  [/^4/, ['commitment-mismatch']],
];

const fields = (
  [
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
    [3, 1],
    [4, 2],
  ] as const
).flatMap(([round, from]) =>
  sampled(spansOf(round, from)).map((span) => ({
    round,
    from,
    span,
    name: `${round}${span.path.slice(4)}`,
  })),
);

describe.each(fields)(
  'C.1 two-party key generation, $name of a deviating party $from',
  ({ round, from, span, name }) => {
    const whole = bodyOf(round, from);
    const session = whole.slice(span.start, span.end).toReversed();
    const mutations = mutationsOf(span).filter(([what]) => what !== 'that of another peer');
    test.each(mutations)('%s', (_, alter) => {
      const field = alter(whole.slice(span.start, span.end), { peer: session, session });
      const altered = splice(whole, span, field);
      const outcome = outcomeOf(round, from, () => altered);
      if (same(altered, whole)) return expect(outcome?.status).toBe('completed');
      if (outcome?.status !== 'aborted') throw new Error(`ended as ${outcome?.status}`);
      const [, reasons = []] = EXPECTED.find(([pattern]) => pattern.test(name)) ?? [];
      expect(['malformed-message', ...reasons]).toContain(outcome.reason);
      expect(outcome.culprits).toEqual(outcome.reason === 'equivocation' ? [] : [from]);
      expect([outcome.bans, outcome.keyUnsafe]).toEqual([[], null]);
    });
  },
);

describe.each([
  [1, 1],
  [1, 2],
  [2, 1],
  [3, 1],
  [4, 2],
] as const)('C.1 two-party key generation, whole message %i of party %i', (round, from) => {
  test.each([
    ['empty', () => new Uint8Array()],
    ['one byte short', (bytes: Uint8Array) => bytes.slice(0, -1)],
    ['one byte long', (bytes: Uint8Array) => new Uint8Array([...bytes, 0])],
    ['a megabyte of zeros', () => new Uint8Array(1 << 20)],
  ])('%s is malformed and blamed', (_, alter) => {
    expect(outcomeOf(round, from, alter)).toMatchObject({
      status: 'aborted',
      reason: 'malformed-message',
      culprits: [from],
      keyUnsafe: null,
    });
  });
});

const named = (round: number, from: Party, path: string): Span => {
  const span = spansOf(round, from).find((one) => one.path === `body.${path}`);
  if (span === undefined) throw new Error(`no field ${path}`);
  return span;
};
const valueOf = (round: number, from: Party, path: string): bigint => {
  const { start, end } = named(round, from, path);
  return naturalFromBytes(bodyOf(round, from).slice(start, end));
};
const withNumber = (round: number, from: Party, path: string, value: bigint) => {
  const span = named(round, from, path);
  return (bytes: Uint8Array): Uint8Array =>
    splice(bytes, span, naturalToBytes(value, span.end - span.start));
};

describe('P-1, P-2: a Paillier modulus that is none is refused in its step', () => {
  const [p = 0n, q = 0n, , , ...others] = primesOf(2048);
  const small = [3n, 65521n].map((factor) => {
    const rest = (1n << 2047n) / factor;
    return factor * (rest + 4n - (rest % 4n) + (factor % 4n));
  });
  test.each([
    ['even', (1n << 2047n) + 2n],
    ['of 2047 bits', (1n << 2046n) + 1n],
    ['P2’s own ring-Pedersen modulus', valueOf(1, 2, 'pedersen.N')],
    ['P1’s ring-Pedersen modulus', valueOf(1, 1, 'pedersen.N')],
    ['with a factor of P1’s ring-Pedersen modulus', p * (others[4] ?? 0n)],
    ['a square', q * q],
    ['with the factor 3', small[0] ?? 0n],
    ['with a factor of 16 bits', small[1] ?? 0n],
  ])('%s', (_, N) => {
    const outcome = outcomeOf(3, 1, withNumber(3, 1, 'paillier.N', N));
    expect(outcome).toMatchObject({ reason: 'invalid-modulus', culprits: [1], keyUnsafe: null });
  });

  test('another product of two good primes has no proof', () => {
    const N = (others[2] ?? 0n) * (others[3] ?? 0n);
    const outcome = outcomeOf(3, 1, withNumber(3, 1, 'paillier.N', N));
    expect(outcome).toMatchObject({ reason: 'invalid-proof', culprits: [1] });
  });

  test('P-13: one that shares a prime with a key that P2 knows', () => {
    const knownModuli = [(primesOf(2048)[2] ?? 0n) * (others[3] ?? 0n)];
    const outcome = outcomeOf(3, 1, (bytes) => bytes, { knownModuli });
    expect(outcome).toMatchObject({ reason: 'invalid-modulus', culprits: [1] });
  });
});

describe.each([1, 2] as const)('P-4: ring-Pedersen parameters of party %i', (evil) => {
  const N = valueOf(1, evil, 'pedersen.N');
  test.each([
    ['s = 1', 's', 1n],
    ['t = 0', 't', 0n],
    ['t = 1', 't', 1n],
    ['s = t', 's', valueOf(1, evil, 'pedersen.t')],
    ['s = Ñ − 1', 's', N - 1n],
    ['s with a factor of Ñ', 's', (primesOf(2048)[evil === 1 ? 0 : 4] ?? 0n) * 2n],
    ['a short Ñ', 'N', (1n << 63n) + 5n],
    ['the peer’s Ñ', 'N', valueOf(1, other(evil), 'pedersen.N')],
  ])('%s', (_, field, value) => {
    const outcome = outcomeOf(1, evil, withNumber(1, evil, `pedersen.${field}`, value));
    expect(outcome).toMatchObject({ reason: 'invalid-modulus', culprits: [evil] });
  });
});

describe('L-5: the encrypted share and P1’s point', () => {
  const N = valueOf(3, 1, 'paillier.N');
  const c = valueOf(3, 1, 'paillier.encryptedShare');
  const square = N * N;
  const withShare = (value: bigint) =>
    outcomeOf(3, 1, withNumber(3, 1, 'paillier.encryptedShare', value));

  test.each([
    [
      'L-5a: swapped for another ciphertext of the same share',
      (c * backend.modPowPublic(3n, N, square)) % square,
    ],
    ['L-5a: of a share that is one more', (c * (1n + N)) % square],
    ['L-5b: of x₁ + 2^1600', (c * (1n + (N << 1600n))) % square],
  ])('%s has no proof', (_, value) => {
    expect(withShare(value)).toMatchObject({ reason: 'invalid-proof', culprits: [1] });
  });

  test.each([
    ['0', 0n],
    ['N', N],
    ['N²', square],
    ['a multiple of a factor', (primesOf(2048)[2] ?? 0n) * 7n],
  ])('L-5c: %s is no ciphertext', (_, value) => {
    expect(withShare(value)).toMatchObject({ reason: 'invalid-ciphertext', culprits: [1] });
  });

  test.each([
    ['1', 1n],
    ['N² − 1', square - 1n],
  ])('L-5c: %s is a ciphertext of something else', (_, value) => {
    expect(withShare(value)).toMatchObject({ reason: 'invalid-proof', culprits: [1] });
  });
});

describe.each([1, 2] as const)(
  'L2, L-13: party %i opens what it committed to, without knowing it',
  (evil) => {
    const parameters = keygenParameters(roleOf(other(evil)));
    const openingOf = (party: Party): ShareOpening =>
      party === 1
        ? keygenP1Data(2048).body.decode(bodyOf(3, 1), 'body').opening
        : keygenP2Ack.body.decode(bodyOf(4, 2), 'body').opening;

    /** A commitment to that opening, and then the opening; all else is honest. */
    const opened = (opening: ShareOpening): Outcome<TwoPartyKeyshare> | undefined => {
      const own = twoPartyKeygen(parameters);
      const [salt, to] = [new Uint8Array(32).fill(7), other(evil)];
      const payload = encodeShareOpening(opening);
      const commitment = commit(commitmentBound(keygenSid(parameters), evil), salt, payload);
      const first = splice(bodyOf(1, evil), named(1, evil, 'commitment'), commitment);
      own.start();
      const [ack] = own.receive({ round: 1, from: evil, to, body: first }).send;
      if (ack === undefined) return own.outcome;
      own.receive({ round: 2, from: evil, to, body: ack.body });
      const { paillier } = keygenP1Data(2048).body.decode(bodyOf(3, 1), 'body');
      const last =
        evil === 1
          ? keygenP1Data(2048).body.encode({ opening, salt, paillier })
          : keygenP2Ack.body.encode({ opening, salt, transcript: ack.body });
      own.receive({ round: evil === 1 ? 3 : 4, from: evil, to, body: last });
      return own.outcome;
    };

    test('with a proof that is wrong', () => {
      const { response, ...honest } = openingOf(evil);
      const outcome = opened({ ...honest, response: addScalars(response, scalarFromNumber(1)) });
      expect(outcome).toMatchObject({ reason: 'invalid-proof', culprits: [evil], keyUnsafe: null });
      expect(outcome).toHaveProperty('message', `proof of the share of party ${evil}`);
    });

    test('with the other party’s point and proof', () => {
      const outcome = opened(openingOf(other(evil)));
      expect(outcome).toMatchObject({ reason: 'invalid-proof', culprits: [evil] });
      expect(outcome).toHaveProperty('message', `proof of the share of party ${evil}`);
    });
  },
);
