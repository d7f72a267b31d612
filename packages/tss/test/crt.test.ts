/** Numbers computed by the factors of N, and faults in one of their halves. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { backend } from '#backend';
import { thrownBy } from '../../../test/support/thrownBy.ts';
import { gcd, randomBelow } from '../src/arith/integers.ts';
import { checkRoots, joinOf, powersByFactors } from '../src/crt.ts';
import { proveMod, verifyMod } from '../src/zk/modulus.ts';
import { PARAMETERS } from '../src/zk/parameters.ts';
import { provePrm, verifyPrm } from '../src/zk/ringPedersen.ts';
import { seededRng } from './support/rng.ts';
import { contexts, fixturePaillier, fixturePedersen } from './zk/setup.ts';

const rng = seededRng('crt');
const set = PARAMETERS[2048];
const ring = fixturePedersen(2048, 1);
const key = fixturePaillier(2048, 0);
const { bound } = contexts(rng);
const [p, q] = ring.factors;
const { N, t } = ring.public;
const WRONG = 'unreachable: a number computed by the factors is wrong';

afterEach(() => void vi.restoreAllMocks());

/** Lets power number `at` modulo a prime come out wrong. */
const faultAt = (prime: bigint, at: number): void => {
  const real = backend.modPow.bind(backend);
  let seen = 0;
  vi.spyOn(backend, 'modPow').mockImplementation((base, exponent, bits, modulus) => {
    const power = real(base, exponent, bits, modulus);
    return modulus === prime && seen++ === at ? (power + 1n) % prime : power;
  });
};

test('residues join to the number that they are of', () => {
  const join = joinOf([p, q], 1024);
  for (const n of [0n, 1n, p, q, N - 1n, randomBelow(rng, N)]) expect(join(n % p, n % q)).toBe(n);
});

test('powers by the factors are the powers', () => {
  const exponents = [
    0n,
    1n,
    p - 1n,
    ring.phi - 1n,
    ring.phi,
    ...[1, 2, 3].map(() => randomBelow(rng, N)),
  ];
  const direct = exponents.map((exponent) => backend.modPow(t, exponent, 2048, N));
  expect(powersByFactors(t, exponents, ring.factors, 2048)).toEqual(direct);
});

test('one wrong half would give the factors away', () => {
  const good = backend.modPow(t, 5n, 64, N);
  const faulty = joinOf([p, q], 1024)((good + 1n) % p, good % q);
  expect(gcd(N, ((faulty - good) % N) + N)).toBe(q);
});

describe('J-11: a fault in one half is noticed before anything is shown', () => {
  test.each([
    ['the first power modulo p', p, 1], // number 0 is the inverse of the join
    ['the last power modulo p', p, 4],
    ['the first power modulo q', q, 0],
    ['the inverse of the join', p, 0],
  ])('%s', (_, prime, at) => {
    const exponents = [1, 2, 3, 4].map(() => randomBelow(rng, ring.phi));
    faultAt(prime, at);
    const error = thrownBy(() => powersByFactors(t, exponents, ring.factors, 2048));
    expect(error).toEqual(new Error(WRONG));
  });

  test('a root, and a value with the wrong sign', () => {
    const roots = [3n, 5n, 7n];
    const values = roots.map((root) => backend.modPowPublic(root, N, N));
    expect(() => checkRoots(roots, values, N, N)).not.toThrow();
    for (const wrong of [
      [3n, 5n, 8n],
      [3n, N - 5n, 7n],
    ]) {
      expect(thrownBy(() => checkRoots(wrong, values, N, N))).toEqual(new Error(WRONG));
    }
  });

  test('Π^prm', () => {
    const release = vi.spyOn(backend, 'release');
    faultAt(q, 77);
    const error = thrownBy(() => provePrm(bound, set, ring.public, ring, rng));
    expect(error).toEqual(new Error(WRONG));
    expect(release.mock.calls).toEqual([[p, q]]);
  });

  // Powers modulo q: the root of w, then of each challenge the square root, the N-th root and the fourth root.
  test.each([
    ['an N-th root', 1 + 3 * 40 + 1],
    ['a fourth root', 1 + 3 * 40 + 2],
  ])('Π^mod, %s', (_, at) => {
    faultAt(key.q, at);
    const witness = { p: key.p, q: key.q };
    const error = thrownBy(() => proveMod(bound, set, key.public, witness, rng));
    expect(error).toEqual(new Error(WRONG));
  });
});

test('J-10: without a fault the proofs hold, and the factors of Ñ are released', () => {
  const release = vi.spyOn(backend, 'release');
  const prm = provePrm(bound, set, ring.public, ring, rng);
  expect(verifyPrm(bound, set, ring.public, prm)).toBe(true);
  expect(release.mock.calls).toEqual([[p, q]]);
  const mod = proveMod(bound, set, key.public, { p: key.p, q: key.q }, rng);
  expect(verifyMod(bound, set, key.public, mod)).toBe(true);
});
