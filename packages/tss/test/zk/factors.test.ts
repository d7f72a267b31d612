import { describe, expect, test, vi } from 'vitest';
import { backend } from '#backend';
import { type FacProof, facProofField, proveFac, verifyFac } from '../../src/zk/factors.ts';
import { PARAMETERS } from '../../src/zk/parameters.ts';
import { seededRng } from '../support/rng.ts';
import { contexts, fixturePaillier, fixturePedersen } from './setup.ts';
import { proofSuite } from './suite.ts';

const rng = seededRng('fac');
const set = PARAMETERS[2048];
const sk = fixturePaillier(2048, 0);
const ring = fixturePedersen(2048, 1);
const { N } = sk.public;
const aux = ring.public;
const { bound, others } = contexts(rng);
const statement = { N, aux };
const shift = ring.phi << 4000n;

proofSuite({
  name: 'Π^fac',
  bound,
  others,
  statement,
  statements: {
    N: { ...statement, N: fixturePaillier(2048, 2).public.N },
    Ñ: { ...statement, aux: { ...aux, N: fixturePaillier(2048, 2).public.N } },
    's and t, swapped': { ...statement, aux: { ...aux, s: aux.t, t: aux.s } },
    s: { ...statement, aux: { ...aux, s: (aux.s * aux.t) % aux.N } },
    t: { ...statement, aux: { ...aux, t: (aux.t * aux.t) % aux.N } },
  },
  prove: () => proveFac(bound, set, statement, sk, rng),
  verify: (context, claim, proof) => verifyFac(context, set, claim, proof),
  field: facProofField(set),
  runs: 20,
  N,
  shifts: { '.z1': shift, '.z2': shift, '.w1': shift, '.w2': shift, '.v': shift },
  units: {},
});

describe('Π^fac for a bad modulus', () => {
  /** The prover without its own bound on exponents, so that it proves whatever it is given. */
  const proveAnything = (p: bigint, q: bigint): FacProof => {
    const power = vi
      .spyOn(backend, 'modPow')
      .mockImplementation((base, exponent, _, modulus) =>
        backend.modPowPublic(base, exponent, modulus),
      );
    try {
      return proveFac(bound, set, { N: p * q, aux }, { p, q }, rng);
    } finally {
      power.mockRestore();
    }
  };

  test.each([17, 24, 128, 250])('P-1: a factor of %s bits is rejected', (bits) => {
    // Near the top, so that the product has exactly 2048 bits; that the rest is no prime helps nobody.
    const small = (1n << BigInt(bits)) - 1n;
    const large = (1n << BigInt(2048 - bits)) - 1n - (1n << BigInt(2000 - bits));
    expect((small * large).toString(2)).toHaveLength(2048);
    for (const [p, q] of [
      [small, large],
      [large, small],
    ] as const) {
      expect(verifyFac(bound, set, { N: p * q, aux }, proveAnything(p, q))).toBe(false);
    }
  });

  test('a proof with other factors than those of N is rejected', () => {
    const other = fixturePaillier(2048, 2);
    expect(verifyFac(bound, set, statement, proveAnything(other.p, other.q))).toBe(false);
    expect(verifyFac(bound, set, statement, proveAnything(1n, N))).toBe(false);
  });
});

test('the 3072-bit set proves and verifies', () => {
  const big = PARAMETERS[3072];
  const key = fixturePaillier(3072, 0);
  const claim = { N: key.public.N, aux: fixturePedersen(3072, 1).public };
  const proof = proveFac(bound, big, claim, key, rng);
  expect(verifyFac(bound, big, claim, proof)).toBe(true);
  expect(verifyFac(bound, set, claim, proof)).toBe(false);
});
