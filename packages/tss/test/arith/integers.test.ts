import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bitLength,
  gcd,
  hasBits,
  invert,
  invertBlinded,
  isSquare,
  jacobi,
  naturalFromBytes,
  naturalToBytes,
  randomBelow,
  randomBits,
  root,
} from '../../src/arith/integers.ts';
import { seededRng } from '../support/rng.ts';

const rng = seededRng('integers');
const naturals = fc.bigInt({ min: 0n, max: 1n << 600n });

describe('naturals', () => {
  test('lengths', () => {
    fc.assert(
      fc.property(naturals, (n) => {
        expect(bitLength(n)).toBe(n === 0n ? 0 : n.toString(2).length);
      }),
    );
    expect([hasBits(4n, 3), hasBits(7n, 3), hasBits(8n, 3), hasBits(3n, 3)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect([hasBits(0n, 3), hasBits(-5n, 3)]).toEqual([false, false]);
  });

  test('bytes and back, at a fixed width; what does not fit is a RangeError', () => {
    fc.assert(
      fc.property(naturals, (n) => {
        const bytes = naturalToBytes(n, 76);
        expect(bytes).toHaveLength(76);
        expect(naturalFromBytes(bytes)).toBe(n);
      }),
    );
    expect(naturalToBytes(0x0102n, 3)).toEqual(Uint8Array.of(0, 1, 2));
    expect(naturalFromBytes(new Uint8Array(0))).toBe(0n);
    expect(() => naturalToBytes(256n, 1)).toThrow(RangeError);
    expect(() => naturalToBytes(-1n, 1)).toThrow(RangeError);
  });

  test('random numbers keep their bounds and reach both halves', () => {
    const drawn = Array.from({ length: 200 }, () => randomBits(rng, 13));
    expect(drawn.every((n) => n >= 0n && n < 1n << 13n)).toBe(true);
    expect(drawn.some((n) => n >= 1n << 12n) && drawn.some((n) => n < 1n << 12n)).toBe(true);
    const below = Array.from({ length: 2000 }, () => Number(randomBelow(rng, 10n)));
    const counts = Array.from({ length: 10 }, (_, n) => below.filter((m) => m === n).length);
    for (const count of counts) expect(count).toBeGreaterThan(120);
  });

  test('greatest common divisors and inverses', () => {
    fc.assert(
      fc.property(naturals, fc.bigInt({ min: 2n, max: 1n << 600n }), (a, m) => {
        const divisor = gcd(a, m);
        expect([a % divisor, m % divisor]).toEqual([0n, 0n]);
        const inverse = invert(a, m);
        expect(inverse === null).toBe(divisor !== 1n);
        if (inverse !== null) expect((a * inverse) % m).toBe(1n);
        expect(invertBlinded(a, m, rng)).toBe(inverse);
      }),
      { numRuns: 50 },
    );
  });

  test('Jacobi symbols agree with Euler modulo a prime, and multiply', () => {
    const legendre = (a: bigint, p: bigint): number => {
      let power = 1n;
      for (let at = 0n; at < (p - 1n) / 2n; at++) power = (power * a) % p;
      return power === p - 1n ? -1 : Number(power);
    };
    for (const p of [3n, 5n, 7n, 11n, 13n, 101n]) {
      for (let a = 0n; a < p; a++) expect(jacobi(a, p)).toBe(legendre(a, p));
    }
    for (let a = 0n; a < 77n; a++) expect(jacobi(a, 77n)).toBe(jacobi(a, 7n) * jacobi(a, 11n) + 0);
  });

  test('roots and squares', () => {
    fc.assert(
      fc.property(naturals, fc.integer({ min: 2, max: 40 }), (n, k) => {
        const r = root(n, k);
        expect(r ** BigInt(k) <= n && (r + 1n) ** BigInt(k) > n).toBe(true);
        expect(isSquare(n * n)).toBe(true);
        expect(isSquare(n)).toBe(root(n, 2) ** 2n === n);
        expect(isSquare(n * n + 1n)).toBe(n === 0n);
      }),
    );
    expect(isSquare(-4n)).toBe(false);
  });
});
