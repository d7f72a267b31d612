import { describe, expect, test } from 'vitest';
import { backend } from '#backend';
import { fixturePrimes } from '../../../../test/support/fixturePrimes.ts';
import type { Outcome } from '../../src/index.ts';
import { twoPartyKeygen, type TwoPartyKeyshare } from '../../src/lindell17/index.ts';
import { concat } from '../../src/arith/bytes.ts';
import { parametersHash } from '../../src/agreement.ts';
import { addScalars, scalarFromNumber } from '../../src/arith/scalar.ts';
import { commit } from '../../src/commitment.ts';
import {
  encodeShareOpening,
  keygenP1Data,
  keygenP2Ack,
  type ShareOpening,
} from '../../src/lindell17/messages.ts';
import { keygenSid } from '../../src/lindell17/parameters.ts';
import { commitmentBound } from '../../src/lindell17/party.ts';
import { splice } from '../support/mutations.ts';
import { keygenParameters } from '../support/twoParty.ts';
import {
  bodyOf,
  named,
  other,
  outcomeOf,
  type Party,
  roleOf,
  valueOf,
  withNumber,
} from './recorded.ts';

describe('P-1, P-2: a Paillier modulus that is none is refused in its step', () => {
  const [p = 0n, q = 0n, , , ...others] = fixturePrimes(2048);
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
    const knownModuli = [(fixturePrimes(2048)[2] ?? 0n) * (others[3] ?? 0n)];
    const outcome = outcomeOf(3, 1, (bytes) => bytes, { knownModuli });
    expect(outcome).toMatchObject({ reason: 'invalid-modulus', culprits: [1] });
  });
});

test.each([
  ['P1’s Paillier modulus', [2, 3]],
  ['a number with one of its factors', [2, 8]],
] as const)('P8, P-13: P1 refuses %s as P2’s ring-Pedersen modulus', (_, [first, second]) => {
  const N = (fixturePrimes(2048)[first] ?? 0n) * (fixturePrimes(2048)[second] ?? 0n);
  const outcome = outcomeOf(1, 2, withNumber(1, 2, 'pedersen.N', N));
  expect(outcome).toMatchObject({ reason: 'invalid-modulus', culprits: [2] });
});

describe.each([1, 2] as const)('P-4: ring-Pedersen parameters of party %i', (evil) => {
  const N = valueOf(1, evil, 'pedersen.N');
  test.each([
    ['s = 1', 's', 1n],
    ['t = 0', 't', 0n],
    ['t = 1', 't', 1n],
    ['s = t', 's', valueOf(1, evil, 'pedersen.t')],
    ['s = Ñ − 1', 's', N - 1n],
    ['s with a factor of Ñ', 's', (fixturePrimes(2048)[evil === 1 ? 0 : 4] ?? 0n) * 2n],
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
    ['a multiple of a factor', (fixturePrimes(2048)[2] ?? 0n) * 7n],
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
      const said = splice(bodyOf(1, evil), named(1, evil, 'commitment'), commitment);
      const first = concat(parametersHash(keygenSid(parameters)), said);
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
