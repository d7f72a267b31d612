import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  negateScalar,
  type Scalar,
  scalarFromBytes,
  scalarFromNumber,
} from '../src/arith/scalar.ts';
import { mulBase, pointEquals } from '../src/curve.ts';
import {
  evaluate,
  evaluateInExponent,
  inExponent,
  interpolateInExponent,
  lagrange,
  samplePolynomial,
  sumInExponent,
} from '../src/polynomial.ts';
import { seededRng } from './support/rng.ts';

const Q = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const toBig = (s: Scalar): bigint => BigInt(`0x${Buffer.from(s).toString('hex')}`);
const mod = (value: bigint): bigint => ((value % Q) + Q) % Q;
const power = (base: bigint, exponent: bigint): bigint => {
  let [result, square, rest] = [1n, mod(base), exponent];
  for (; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
};

describe('polynomial', () => {
  test('evaluates as a few lines of big integers do', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 1, max: 32 }),
        fc.integer({ min: 1, max: 32 }),
        (seed, t, x) => {
          const f = samplePolynomial(t, seededRng(seed));
          const expected = f.reduce(
            (sum, a, k) => mod(sum + toBig(a) * BigInt(x) ** BigInt(k)),
            0n,
          );
          expect(toBig(evaluate(f, x))).toBe(expected);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('evaluates in the exponent to the exponent of its value', () => {
    const f = samplePolynomial(5, seededRng('exponent'));
    const F = inExponent(f);
    for (const x of [1, 2, 7, 32]) {
      const inside = evaluateInExponent(F, x);
      expect(inside && pointEquals(inside, mulBase(evaluate(f, x)))).toBe(true);
    }
  });

  test('evaluates in the exponent also where a partial sum is the identity, and tells the identity', () => {
    const [two, one] = [scalarFromNumber(2), scalarFromNumber(1)];
    const minus = negateScalar(scalarFromNumber(6)); // 2·3 − 6 = 0
    const inside = evaluateInExponent(inExponent([one, minus, two]), 3);
    expect(inside && pointEquals(inside, mulBase(one))).toBe(true);
    const vanishing = inExponent([scalarFromNumber(6), negateScalar(two)]); // 6 − 2·3 = 0
    expect(evaluateInExponent(vanishing, 3)).toBeNull();
    expect(evaluateInExponent(vanishing, 1)).not.toBeNull();
  });

  test('D2: a coefficient that vanishes in the sum of commitments makes no polynomial', () => {
    const f = samplePolynomial(2, seededRng('sum'));
    const opposite = f.map((coefficient, k) => (k === 1 ? negateScalar(coefficient) : coefficient));
    expect(sumInExponent([inExponent(f), inExponent(opposite)])).toBeNull();
    expect(sumInExponent([inExponent(f), inExponent(f)])).toHaveLength(2);
  });

  test('Lagrange weights are those of big integers', () => {
    const signers = [1, 3, 4, 11, 32];
    for (const i of signers) {
      const expected = signers
        .filter((j) => j !== i)
        .reduce((product, j) => mod(product * BigInt(j) * power(mod(BigInt(j - i)), Q - 2n)), 1n);
      expect(toBig(lagrange(signers, i))).toBe(expected);
    }
  });

  test('threshold many shares interpolate to f(0)·G', () => {
    const f = samplePolynomial(3, seededRng('interpolate'));
    const shares = new Map([2, 5, 9].map((x) => [x, mulBase(evaluate(f, x))]));
    const [constant] = inExponent(f);
    const sum = interpolateInExponent(shares);
    expect(sum !== null && constant !== undefined && pointEquals(sum, constant)).toBe(true);
  });

  test('D-14: the low and high bytes of 10,000 coefficients are uniform', () => {
    const f = samplePolynomial(10_000, seededRng('uniform'));
    for (const at of [0, 31]) {
      const counts = Array.from({ length: 256 }, () => 0);
      for (const coefficient of f)
        counts[coefficient[at] ?? 0] = (counts[coefficient[at] ?? 0] ?? 0) + 1;
      const expected = f.length / 256;
      const chi = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      expect(chi).toBeLessThan(400); // 255 degrees of freedom; exceeded with probability below 1e-7
      expect(chi).toBeGreaterThan(140);
    }
    expect(scalarFromBytes(new Uint8Array(32).fill(0xff))).toBeNull();
  });
});
