import { describe, expect, test, vi } from 'vitest';
import { backend } from '#backend';
import { randomBits, scalarOf } from '../../src/arith/integers.ts';
import { Q } from '../../src/arith/scalar.ts';
import { G, mulBase, negatePoint } from '../../src/curve.ts';
import { encrypt, sampleUnit } from '../../src/paillier.ts';
import {
  type LogStarProof,
  logStarProofField,
  type LogStarStatement,
  proveLogStar,
  verifyLogStar,
} from '../../src/zk/logStar.ts';
import { PARAMETERS } from '../../src/zk/parameters.ts';
import { seededRng } from '../support/rng.ts';
import { contexts, fixturePaillier, fixturePedersen } from './setup.ts';
import { proofSuite } from './suite.ts';

const rng = seededRng('log-star');
const set = PARAMETERS[2048];
const sk = fixturePaillier(2048, 0);
const ring = fixturePedersen(2048, 1);
const pk = sk.public;
const { N } = pk;
const aux = ring.public;
const { bound, others } = contexts(rng);

const x = randomBits(rng, 255);
const rho = sampleUnit(pk, rng);
const claimOf = (secret: bigint, C = encrypt(pk, secret, rho)): LogStarStatement => ({
  N,
  C,
  X: mulBase(scalarOf(secret)),
  aux,
});
const statement = claimOf(x);
const otherCiphertext = encrypt(pk, x, sampleUnit(pk, rng));

proofSuite({
  name: 'Π^log*',
  bound,
  others,
  statement,
  statements: {
    N: { ...statement, N: fixturePaillier(2048, 2).public.N },
    'C of the same plaintext': { ...statement, C: otherCiphertext },
    'C of another plaintext': { ...statement, C: encrypt(pk, x + 1n, rho) },
    X: { ...statement, X: G },
    'X, negated': { ...statement, X: negatePoint(statement.X) },
    Ñ: { ...statement, aux: { ...aux, N: fixturePaillier(2048, 2).public.N } },
    's and t, swapped': { ...statement, aux: { ...aux, s: aux.t, t: aux.s } },
    s: { ...statement, aux: { ...aux, s: (aux.s * aux.t) % aux.N } },
    t: { ...statement, aux: { ...aux, t: (aux.t * aux.t) % aux.N } },
  },
  prove: () => proveLogStar(bound, set, statement, { x, rho }, rng),
  verify: (context, claim, proof) => verifyLogStar(context, set, claim, proof),
  field: logStarProofField(set),
  runs: 20,
  N,
  shifts: { '.z1': N * Q * ring.phi, '.z3': ring.phi << 2000n },
  units: { '.z2': N },
});

/** The prover without its own bound on exponents, so that it proves whatever it is given. */
const proveAnything = (claim: LogStarStatement, secret: bigint): LogStarProof => {
  const power = vi
    .spyOn(backend, 'modPow')
    .mockImplementation((base, exponent, _, modulus) =>
      backend.modPowPublic(base, exponent < 0n ? exponent + ring.phi * N * Q : exponent, modulus),
    );
  try {
    return proveLogStar(bound, set, claim, { x: secret, rho }, rng);
  } finally {
    power.mockRestore();
  }
};

describe('Π^log* for a cheating holder of the key', () => {
  test('L-5b: a plaintext of the right class modulo q that is out of range is rejected', () => {
    for (const secret of [x + Q * (1n << 513n), x + Q * (1n << 1344n), x + Q * (1n << 1024n)]) {
      const claim = claimOf(secret);
      expect(verifyLogStar(bound, set, claim, proveAnything(claim, secret))).toBe(false);
    }
  });

  test('L-5b: a plaintext x + 2^1600, which is no discrete logarithm of X, is rejected', () => {
    const secret = x + (1n << 1600n);
    const claim = { ...claimOf(secret), X: mulBase(scalarOf(x)) };
    expect(verifyLogStar(bound, set, claim, proveAnything(claim, secret))).toBe(false);
    expect(verifyLogStar(bound, set, claim, proveAnything(claim, x))).toBe(false);
  });

  test('L-5a: a proof made for another point or ciphertext breaks one equation, and is rejected', () => {
    const wrong = [
      { ...statement, X: mulBase(scalarOf(x + 1n)) },
      { ...statement, C: encrypt(pk, x + 1n, rho) },
    ];
    for (const claim of wrong) {
      const proof = proveLogStar(bound, set, claim, { x, rho }, rng);
      expect(verifyLogStar(bound, set, claim, proof)).toBe(false);
    }
  });

  test('a plaintext within the slack is accepted: the range that the bounds allow for', () => {
    const secret = x + Q * (1n << 200n);
    const claim = claimOf(secret);
    expect(verifyLogStar(bound, set, claim, proveAnything(claim, secret))).toBe(true);
  });

  test('L-5c: ciphertexts 0, 1, N, N², N² − 1 and multiples of a factor are rejected', () => {
    const honest = proveLogStar(bound, set, statement, { x, rho }, rng);
    for (const C of [0n, 1n, N, N * N, N * N - 1n, sk.p, sk.q * sk.q, sk.p * statement.C]) {
      const claim = { ...statement, C };
      // The prover cannot even hash a number that is too long; it then offers what it has.
      const proof = C < N * N ? proveAnything(claim, x) : honest;
      expect(verifyLogStar(bound, set, claim, proof), `${C}`).toBe(false);
    }
  });

  test('L-6: first messages that share a factor with their modulus are rejected', () => {
    const [p, q] = [sk.p, sk.q];
    const honest = proveLogStar(bound, set, statement, { x, rho }, rng);
    for (const A of [p, q, N, p * p, honest.A * p]) {
      expect(verifyLogStar(bound, set, statement, { ...honest, A: A % (N * N) })).toBe(false);
    }
    expect(verifyLogStar(bound, set, statement, { ...honest, z2: p })).toBe(false);
  });
});

test('the 3072-bit set proves and verifies', () => {
  const big = PARAMETERS[3072];
  const key = fixturePaillier(3072, 0).public;
  const secret = sampleUnit(key, rng);
  const claim = {
    ...statement,
    N: key.N,
    C: encrypt(key, x, secret),
    aux: fixturePedersen(3072, 1).public,
  };
  const proof = proveLogStar(bound, big, claim, { x, rho: secret }, rng);
  expect(verifyLogStar(bound, big, claim, proof)).toBe(true);
  expect(verifyLogStar(bound, set, claim, proof)).toBe(false);
});
