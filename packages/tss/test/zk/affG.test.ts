import { describe, expect, test, vi } from 'vitest';
import { backend } from '#backend';
import { randomBits, scalarOf } from '../../src/arith/integers.ts';
import { Q } from '../../src/arith/scalar.ts';
import { G, mul, mulBase, negatePoint } from '../../src/curve.ts';
import { affine, decrypt, encrypt, noiseOf, sampleUnit } from '../../src/paillier.ts';
import {
  type AffGProof,
  affGProofField,
  type AffGStatement,
  proveAffG,
  verifyAffG,
} from '../../src/zk/affG.ts';
import { AffGNonce, drawMasks, prepareAffG } from '../../src/zk/affGNonce.ts';
import { PARAMETERS } from '../../src/zk/parameters.ts';
import { seededRng } from '../support/rng.ts';
import { contexts, fixturePaillier, fixturePedersen } from './setup.ts';
import { proofSuite, watchArithmetic } from './suite.ts';

const rng = seededRng('aff-g');
const set = PARAMETERS[2048];
const sk = fixturePaillier(2048, 0);
const ring = fixturePedersen(2048, 1);
const pk = sk.public;
const { N } = pk;
const aux = ring.public;
const { bound, others } = contexts(rng);

const x = randomBits(rng, 255);
const C = encrypt(pk, x, sampleUnit(pk, rng));
const a = randomBits(rng, 255);
const b = randomBits(rng, 1280);
const nu = sampleUnit(pk, rng);
const base = mulBase(scalarOf(randomBits(rng, 255)));

/** The honest statement for any witness, however long. */
const stateFor = (factor: bigint, summand: bigint): AffGStatement => ({
  N,
  C,
  D: affine(pk, C, { a: factor, aBits: 2048, b: summand }, noiseOf(pk, nu)),
  base,
  X: mul(base, scalarOf(factor)),
  Y: mul(base, scalarOf(((summand % Q) + Q) % Q)),
  aux,
});
const statement = stateFor(a, b);
const prove = (): AffGProof => proveAffG(bound, set, statement, { a, b, nu }, rng);

/** Order of every unit modulo N². */
const orderOfSquare = N * (sk.p - 1n) * (sk.q - 1n);
const everyOrder = Q * orderOfSquare * ring.phi;

proofSuite({
  name: 'Π^aff-g',
  bound,
  others,
  statement,
  statements: {
    N: { ...statement, N: fixturePaillier(2048, 2).public.N },
    C: { ...statement, C: encrypt(pk, x, sampleUnit(pk, rng)) },
    D: { ...statement, D: encrypt(pk, a * x + b, sampleUnit(pk, rng)) },
    base: { ...statement, base: G },
    'base, negated': { ...statement, base: negatePoint(base) },
    X: { ...statement, X: G },
    'X, negated': { ...statement, X: negatePoint(statement.X) },
    Y: { ...statement, Y: G },
    'Y, negated': { ...statement, Y: negatePoint(statement.Y) },
    'X and Y, swapped': { ...statement, X: statement.Y, Y: statement.X },
    Ñ: { ...statement, aux: { ...aux, N: fixturePaillier(2048, 2).public.N } },
    's and t, swapped': { ...statement, aux: { ...aux, s: aux.t, t: aux.s } },
    s: { ...statement, aux: { ...aux, s: (aux.s * aux.t) % aux.N } },
    t: { ...statement, aux: { ...aux, t: (aux.t * aux.t) % aux.N } },
  },
  prove,
  verify: (context, claim, proof) => verifyAffG(context, set, claim, proof),
  field: affGProofField(set),
  runs: 20,
  N,
  shifts: { '.z1': everyOrder, '.z2': everyOrder, '.z3': everyOrder, '.z4': everyOrder },
  units: { '.w': N },
});

/** Takes away the prover's own bound on exponents, so that it proves whatever it is given. */
const proveAnything = (claim: AffGStatement, factor: bigint, summand: bigint): AffGProof => {
  const power = vi
    .spyOn(backend, 'modPow')
    .mockImplementation((root, exponent, _, modulus) =>
      exponent < 0n
        ? backend.modPowPublic(root, exponent + everyOrder * (1n << 512n), modulus)
        : backend.modPowPublic(root, exponent, modulus),
    );
  try {
    return proveAffG(bound, set, claim, { a: factor, b: summand, nu }, rng);
  } finally {
    power.mockRestore();
  }
};

describe('Π^aff-g equations', () => {
  const wrong: Record<string, AffGStatement> = {
    'another point for a': { ...statement, X: mul(base, scalarOf(a + 1n)) },
    'another point for b': { ...statement, Y: mul(base, scalarOf(b + 1n)) },
    'another ciphertext': { ...statement, D: encrypt(pk, a * x + b + 1n, nu) },
  };
  test.each(Object.keys(wrong))(
    'L-5: a proof made for %s breaks one equation, and is rejected',
    (name) => {
      const claim = wrong[name] ?? statement;
      const proof = proveAffG(bound, set, claim, { a, b, nu }, rng);
      expect(verifyAffG(bound, set, claim, proof)).toBe(false);
      expect(verifyAffG(bound, set, claim, proof, sk)).toBe(false);
    },
  );
});

describe('Π^aff-g ranges', () => {
  test('P-8, L-3: a factor or summand that is out of range by 2^(ε+1) is rejected', () => {
    const long = a + Q * (1n << 513n);
    expect(
      verifyAffG(bound, set, stateFor(long, b), proveAnything(stateFor(long, b), long, b)),
    ).toBe(false);
    const far = b + Q * (1n << 1560n);
    expect(verifyAffG(bound, set, stateFor(a, far), proveAnything(stateFor(a, far), a, far))).toBe(
      false,
    );
  });

  test('L-2: a negative summand within the slack is accepted, and decrypts to the negative number', () => {
    const summand = b - Q * (1n << 1100n);
    const claim = stateFor(a, summand);
    expect(verifyAffG(bound, set, claim, proveAnything(claim, a, summand))).toBe(true);
    expect(a * x + summand).toBeLessThan(0n);
    expect(decrypt(sk, claim.D)).toBe(a * x + summand);
  });

  test('L-3: the largest plaintexts that a proof admits decrypt without a wrap', () => {
    const [most, summand] = [1n << 769n, 1n << 1793n];
    const largest = encrypt(pk, most, nu);
    for (const sign of [1n, -1n]) {
      const D = (backend.modPowPublic(largest, most, N * N) * encrypt(pk, summand, nu)) % (N * N);
      const c = sign === 1n ? D : backend.modPowPublic(D, orderOfSquare - 1n, N * N);
      expect(decrypt(sk, c)).toBe(sign * (most * most + summand));
    }
  });
});

test('P9: C, D and A that are multiples of N would satisfy the equation of step 7, and are refused', () => {
  const degenerate = { ...statement, C: N, D: N };
  const key = { N, C: N, aux };
  const masks = { ...drawMasks(set, key, rng), A: N };
  const nonce = new AffGNonce(key, noiseOf(pk, nu), masks);
  const proof = proveAffG(bound, set, degenerate, { a, b, nu }, rng, nonce);
  expect(proof.A).toBe(N);
  expect(verifyAffG(bound, set, degenerate, proof)).toBe(false);
});

describe('Π^aff-g by the holder of the key', () => {
  const proof = prove();
  test('gives the same answers as without the key', () => {
    expect(verifyAffG(bound, set, statement, proof, sk)).toBe(true);
    const altered: AffGProof[] = [
      { ...proof, w: proof.w + 1n },
      { ...proof, z1: proof.z1 + Q * ring.phi },
      { ...proof, A: (proof.A * 4n) % (N * N) },
    ];
    for (const bad of altered) expect(verifyAffG(bound, set, statement, bad, sk)).toBe(false);
    const D = encrypt(pk, a * x + b + 1n, nu);
    expect(verifyAffG(bound, set, { ...statement, D }, proof, sk)).toBe(false);
  });

  test('checks the equation modulo both squares', () => {
    // w altered modulo one factor only: the equation still holds modulo the square of the other.
    for (const [one, other] of [
      [sk.p, sk.qInverse * sk.q],
      [sk.q, sk.pInverse * sk.p],
    ] as const) {
      const w = (proof.w + other * (one - 1n)) % N;
      expect(verifyAffG(bound, set, statement, { ...proof, w }, sk)).toBe(false);
    }
  });

  test('refuses the key of another modulus', () => {
    const other = fixturePaillier(2048, 2);
    expect(() => verifyAffG(bound, set, statement, proof, other)).toThrow(/unreachable/);
  });
});

describe('P-14: a nonce made ahead', () => {
  test('serves one proof, which verifies, and takes no power modulo N²', () => {
    const nonce = prepareAffG(set, statement, rng);
    const watch = vi.spyOn(backend, 'modPow');
    const proof = proveAffG(bound, set, statement, { a, b, nu }, rng, nonce);
    expect(watch.mock.calls.filter(([, , , modulus]) => modulus === N * N)).toEqual([]);
    watch.mockRestore();
    expect(verifyAffG(bound, set, statement, proof)).toBe(true);
    const again = (): AffGProof => proveAffG(bound, set, statement, { a, b, nu }, rng, nonce);
    expect(again).toThrow(/used twice/);
  });

  test('gives its noise once, and the ciphertext made with it is what the proof is about', () => {
    const nonce = prepareAffG(set, statement, rng);
    const noise = nonce.takeNoise();
    expect(() => nonce.takeNoise()).toThrow(/used twice/);
    const D = affine(pk, C, { a, aBits: 256, b }, noise);
    const claim = { ...statement, D };
    const proof = proveAffG(bound, set, claim, { a, b, nu: noise.rho }, rng, nonce);
    expect(verifyAffG(bound, set, claim, proof)).toBe(true);
  });

  test('is refused for another key, and is used up by the attempt', () => {
    const nonce = prepareAffG(set, { ...statement, C: encrypt(pk, x, nu) }, rng);
    const attempt = (): AffGProof => proveAffG(bound, set, statement, { a, b, nu }, rng, nonce);
    expect(attempt).toThrow(/another key/);
    expect(attempt).toThrow(/used twice/);
  });

  test('two nonces have nothing in common', () => {
    const [first, second] = [prepareAffG(set, statement, rng), prepareAffG(set, statement, rng)];
    const [one, two] = [first.take(statement), second.take(statement)];
    const values = [...Object.values(one), ...Object.values(two)];
    expect(new Set(values).size).toBe(values.length);
  });

  test('shows nothing of itself in JSON or text', () => {
    const nonce = prepareAffG(set, statement, rng);
    expect(JSON.stringify({ nonce })).toBe('{"nonce":"AffGNonce(secret redacted)"}');
    expect(String(nonce)).toBe('AffGNonce(secret redacted)');
  });
});

test('a statement of another size than the parameter set is refused before any arithmetic', () => {
  const proof = prove();
  const watch = watchArithmetic();
  expect(verifyAffG(bound, PARAMETERS[3072], statement, proof)).toBe(false);
  expect(watch.calls()).toBe(0);
  watch.restore();
});

test('the 3072-bit set proves and verifies, with and without the key', () => {
  const big = PARAMETERS[3072];
  const key = fixturePaillier(3072, 0);
  const other = fixturePedersen(3072, 1).public;
  const c = encrypt(key.public, x, nu);
  const D = affine(key.public, c, { a, aBits: 256, b }, noiseOf(key.public, nu));
  const claim = { ...statement, N: key.public.N, C: c, D, aux: other };
  const proof = proveAffG(bound, big, claim, { a, b, nu }, rng);
  expect(verifyAffG(bound, big, claim, proof)).toBe(true);
  expect(verifyAffG(bound, big, claim, proof, key)).toBe(true);
  expect(decrypt(key, D)).toBe(a * x + b);
});
