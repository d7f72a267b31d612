import { describe, expect, test, vi } from 'vitest';
import { thrownBy } from '../../../../test/support/thrownBy.ts';
import { backend } from '#backend';
import { fixturePrimes } from '../../../../test/support/fixturePrimes.ts';
import { invert, jacobi } from '../../src/arith/integers.ts';
import {
  modChallenges,
  type ModProof,
  modProofField,
  proveMod,
  verifyMod,
} from '../../src/zk/modulus.ts';
import { PARAMETERS } from '../../src/zk/parameters.ts';
import { primeAt } from '../support/primes.ts';
import { seededRng } from '../support/rng.ts';
import { contexts, fixturePaillier } from './setup.ts';
import { proofSuite } from './suite.ts';

const rng = seededRng('mod');
const set = PARAMETERS[2048];
const sk = fixturePaillier(2048, 0);
const { N } = sk.public;
const statement = { N };
const { bound, others } = contexts(rng);
const prove = (): ModProof => proveMod(bound, set, statement, sk, rng);

proofSuite({
  name: 'Π^mod',
  bound,
  others,
  statement,
  statements: { N: { N: fixturePaillier(2048, 2).public.N } },
  prove,
  verify: (context, claim, proof) => verifyMod(context, set, claim, proof),
  field: modProofField(set),
  runs: 2,
  N,
  shifts: {},
  units: { '.responses.x': N, '.responses.z': N },
});

describe('Π^mod challenges', () => {
  const proof = prove();

  test('P-3, Z4: 128 challenges, all different, uniform modulo N', () => {
    const challenges = modChallenges(bound, set, statement, proof.w);
    expect(challenges).toHaveLength(128);
    expect(new Set(challenges).size).toBe(128);
    expect(challenges.every((y) => y > 0n && y < N)).toBe(true);
    // Uniform: about half of them in the upper half, none short.
    expect(challenges.filter((y) => y > N / 2n).length).toBeGreaterThan(32);
    expect(challenges.every((y) => y > N >> 64n)).toBe(true);
  });

  test('P-3, Z4: a proof for challenges that are all the same is rejected', () => {
    const bytes = rng(272);
    const stuck = vi
      .spyOn(backend, 'shake256')
      .mockImplementation((length) => bytes.slice(0, length));
    const forged = prove();
    expect(new Set(modChallenges(bound, set, statement, forged.w)).size).toBe(1);
    expect(verifyMod(bound, set, statement, forged)).toBe(false);
    stuck.mockRestore();
  });

  test('P-3: 127 and 129 repetitions, and one repeated 128 times, are rejected', () => {
    const [first] = proof.responses;
    if (first === undefined) throw new Error('no response');
    for (const responses of [
      proof.responses.slice(0, 127),
      [...proof.responses, first],
      proof.responses.map(() => first),
    ]) {
      expect(verifyMod(bound, set, statement, { ...proof, responses })).toBe(false);
    }
  });

  test('P-3: w of 0, N, 1, −1, a factor, or with Jacobi symbol +1 is rejected', () => {
    expect(jacobi(proof.w, N)).toBe(-1);
    for (const w of [0n, N, 1n, N - 1n, sk.p, sk.q * 2n, (proof.w * proof.w) % N]) {
      expect(verifyMod(bound, set, statement, { ...proof, w })).toBe(false);
    }
  });

  test('signs that are not two bits are rejected', () => {
    for (const more of [4, -4, 0.5, 2 ** 32]) {
      // The same two lowest bits: nothing but the range is wrong.
      const responses = proof.responses.map((response) => ({
        ...response,
        signs: response.signs + more,
      }));
      expect(verifyMod(bound, set, statement, { ...proof, responses })).toBe(false);
    }
  });

  test('the other three signs of a response are rejected', () => {
    for (const flip of [1, 2, 3]) {
      const responses = proof.responses.map((response, at) =>
        at === 0 ? { ...response, signs: response.signs ^ flip } : response,
      );
      expect(verifyMod(bound, set, statement, { ...proof, responses })).toBe(false);
    }
  });
});

describe('P-1, P-2: moduli that are not two primes that are 3 mod 4', () => {
  /** A prime of 2048 bits: everything but primality and the symbol of w can be answered. */
  const prime = (1n << 2047n) + (1n << 2000n) + 395n;

  /** Answers as many challenges as anyone can who knows the factors, all of them 3 mod 4. */
  const bestEffort = (factors: readonly bigint[], w: bigint): ModProof & { answered: number } => {
    const product = factors.reduce((partial, factor) => partial * factor, 1n);
    const order = factors.reduce((partial, factor) => partial * (factor - 1n), 1n);
    const inverse = invert(product % order, order);
    const join = (residues: readonly bigint[]): bigint =>
      factors.reduce((sum, factor, at) => {
        const rest = product / factor;
        return (
          (sum + (residues[at] ?? 0n) * rest * (invert(rest % factor, factor) ?? 0n)) % product
        );
      }, 0n);
    const fourth = (y: bigint): bigint | null => {
      const roots = factors.map((factor) => {
        const half = (factor + 1n) >> 2n;
        const root = backend.modPowPublic(y, half, factor);
        return (root * root - y) % factor === 0n ? backend.modPowPublic(root, half, factor) : null;
      });
      return roots.every((root) => root !== null) ? join(roots) : null;
    };
    let answered = 0;
    const responses = modChallenges(bound, set, { N: product }, w).map((y) => {
      const z = inverse === null ? 1n : backend.modPowPublic(y, inverse, product);
      for (const signs of [0, 1, 2, 3]) {
        const signed = ((signs & 1) === 1 ? w * y : y) * ((signs & 2) === 2 ? product - 1n : 1n);
        const x = fourth(signed % product);
        if (x === null) continue;
        answered++;
        return { x, signs, z };
      }
      return { x: 1n, signs: 0, z };
    });
    return { w, responses, answered };
  };

  test('P-2: a prime is rejected although every equation holds', () => {
    const proof = bestEffort([prime], prime - 1n);
    expect(jacobi(proof.w, prime)).toBe(-1);
    expect(verifyMod(bound, set, { N: prime }, proof)).toBe(false);
    const blind = vi.spyOn(backend, 'isProbablePrime').mockReturnValue(false);
    expect(verifyMod(bound, set, { N: prime }, proof)).toBe(true);
    blind.mockRestore();
  });

  test('P-3: the symbol of w is checked on its own', () => {
    const blind = vi.spyOn(backend, 'isProbablePrime').mockReturnValue(false);
    expect(verifyMod(bound, set, { N: prime }, bestEffort([prime], 1n))).toBe(false);
    expect(verifyMod(bound, set, { N: prime }, bestEffort([prime], 4n))).toBe(false);
    blind.mockRestore();
  });

  const symbolMinusOne = (modulus: bigint): bigint => {
    let w = 2n;
    while (jacobi(w, modulus) !== -1) w++;
    return w;
  };
  const [p = 0n, q = 0n] = fixturePrimes(2048);

  test('two good primes are answered in full by the same prover', () => {
    const proof = bestEffort([p, q], symbolMinusOne(p * q));
    expect(proof.answered).toBe(128);
    expect(verifyMod(bound, set, { N: p * q }, proof)).toBe(true);
  });

  test('P-1: with three primes or sixteen small ones most challenges have no answer', () => {
    const three = [p, primeAt((3n << 510n) + 3739n, 3n), primeAt((15n << 508n) + 127n, 3n)];
    const smooth = Array.from({ length: 16 }, (_, at) => primeAt(60_000n + BigInt(at) * 300n, 3n));
    const small = smooth.reduce((partial, factor) => partial * factor, 1n);
    const rest = (1n << 2048n) / small - (1n << 1700n) + 9060n;
    for (const factors of [three, [...smooth, primeAt(rest, 3n)]]) {
      const N = factors.reduce((partial, factor) => partial * factor, 1n);
      expect(N.toString(2)).toHaveLength(2048);
      const proof = bestEffort(factors, symbolMinusOne(N));
      expect(proof.answered).toBeLessThan(100);
      expect(verifyMod(bound, set, { N }, proof)).toBe(false);
    }
  });

  test('P-1: with primes that are 1 mod 4, one or both, the proof fails', () => {
    const [one, other] = [(3n << 1022n) + 1037n, (7n << 1021n) + 309n];
    for (const [first, second] of [
      [one, q],
      [p, one],
      [one, other],
    ] as const) {
      const N = first * second;
      expect(N.toString(2)).toHaveLength(2048);
      const proof = bestEffort([first, second], symbolMinusOne(N));
      expect(verifyMod(bound, set, { N }, proof)).toBe(false);
      const honest = thrownBy(() => proveMod(bound, set, { N }, { p: first, q: second }, rng));
      expect(String(honest)).toContain('unreachable'); // notices that its answers are none
    }
  });

  test('P-1: a square has no N-th roots, and its holder no proof', () => {
    expect(() => proveMod(bound, set, { N: p * p }, { p, q: p }, rng)).toThrow(RangeError);
  });

  test('P-1: 2047 bits, even, and the modulus of the other set are refused by themselves', () => {
    const proof = prove();
    for (const bad of [N >> 1n, N + 1n, N << 1024n, fixturePaillier(3072, 0).public.N, 0n, -N]) {
      expect(verifyMod(bound, set, { N: bad }, proof)).toBe(false);
    }
  });
});
