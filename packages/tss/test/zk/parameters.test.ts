import { describe, expect, test } from 'vitest';
import { Q } from '../../src/arith/scalar.ts';
import { checkBounds, PARAMETERS, type ParameterSet } from '../../src/zk/parameters.ts';

describe('parameter sets', () => {
  test('P-5, Z3: the numbers are those of the specification', () => {
    for (const bits of [2048, 3072] as const) {
      const expected = { bits, ell: 256, ellPrime: 1280, epsilon: 512, rounds: 128 };
      expect(PARAMETERS[bits]).toEqual(expected);
    }
  });

  test('L-3, L-4, L10: the inequalities hold, recomputed from what the proofs admit', () => {
    for (const { bits, ell, ellPrime, epsilon, rounds } of Object.values(PARAMETERS)) {
      // A response below 2^(ℓ+ε) in both of two transcripts: |a| ≤ 2^(ℓ+ε), and the same for b and x.
      const a = 2n ** BigInt(ell + epsilon);
      const x = 2n ** BigInt(ell + epsilon);
      const b = 2n ** BigInt(ellPrime + epsilon);
      const smallestN = 2n ** BigInt(bits - 1);
      expect(4n * a * x + 2n * b).toBeLessThan(smallestN / 2n);
      // Honest values are in range: q-sized factor and ρ·q + (… mod q).
      expect(Q).toBeLessThan(2n ** BigInt(ell));
      const rho = 2n ** BigInt(ellPrime - 256) - 1n;
      expect(rho * Q + Q).toBeLessThan(2n ** BigInt(ellPrime) + 2n ** BigInt(ell));
      // ρ·q hides a·x, even for the longest x that a proof admits.
      expect(rho * Q).toBeGreaterThanOrEqual(Q * x * 2n ** 128n);
      // Masks hide e·a, e·b and overflow their width with probability below 2⁻¹²⁸.
      expect(a / (Q * Q)).toBeGreaterThanOrEqual(2n ** 128n);
      expect(b / (Q * (rho * Q + Q))).toBeGreaterThanOrEqual(2n ** 128n);
      expect(rounds).toBeGreaterThanOrEqual(128);
    }
  });

  test('L-3: checkBounds accepts both sets and refuses each number made too small or large', () => {
    for (const set of Object.values(PARAMETERS)) {
      expect(checkBounds(set)).toBe(true);
      const altered = [{ ellPrime: 1024 }, { epsilon: 230 }, { epsilon: 1024 }, { rounds: 127 }];
      for (const change of [...altered, { bits: 1024 }, { ellPrime: 4096 }]) {
        expect(checkBounds({ ...set, ...change } as unknown as ParameterSet)).toBe(false);
      }
    }
  });
});
