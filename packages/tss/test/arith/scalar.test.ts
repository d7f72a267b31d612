import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addScalars,
  invertScalar,
  isHighScalar,
  isZeroScalar,
  mulScalars,
  negateScalar,
  Q,
  randomScalar,
  reduceWide,
  type Scalar,
  scalarFromBytes,
  scalarFromNumber,
  subScalars,
} from '../../src/arith/scalar.ts';
import { systemRng } from '../../src/rng.ts';

const bytesOf = (value: bigint, length: number): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex'));
const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
const mod = (value: bigint): bigint => ((value % Q) + Q) % Q;
const scalar = (value: bigint): Scalar => {
  const decoded = scalarFromBytes(bytesOf(value, 32));
  if (decoded === null) throw new Error('not canonical');
  return decoded;
};

const edges = [0n, 1n, 2n, Q - 1n, Q - 2n, Q / 2n, Q / 2n + 1n, 2n ** 255n, 2n ** 128n - 1n];
const values = fc.oneof(
  fc.constantFrom(...edges),
  fc.bigInt({ min: 0n, max: Q - 1n }),
  fc.bigInt({ min: 0n, max: Q - 1n }).map((x) => x & ~((1n << 24n) - 1n)),
);

const wide = (length: number) => {
  const max = 256n ** BigInt(length) - 1n;
  const multiples = [0n, 1n, Q - 1n, Q, Q + 1n, 2n * Q, 2n ** 256n - 1n, 2n ** 256n, max, max - 1n];
  const inside = multiples.filter((value) => value <= max);
  const nearMultiple = fc
    .tuple(fc.bigInt({ min: 0n, max: max / Q }), fc.integer({ min: -2, max: 2 }))
    .map(([k, d]) => k * Q + BigInt(d))
    .filter((value) => value >= 0n && value <= max);
  return fc.oneof(fc.constantFrom(...inside), fc.bigInt({ min: 0n, max }), nearMultiple);
};

describe('scalar arithmetic agrees with integers modulo q', () => {
  test('addition, subtraction, negation, multiplication', () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(numberOf(addScalars(scalar(a), scalar(b)))).toBe(mod(a + b));
        expect(numberOf(subScalars(scalar(a), scalar(b)))).toBe(mod(a - b));
        expect(numberOf(mulScalars(scalar(a), scalar(b)))).toBe(mod(a * b));
        expect(numberOf(negateScalar(scalar(a)))).toBe(mod(-a));
      }),
      { numRuns: 2000 },
    );
  });

  test('every pair of edge values', () => {
    for (const a of edges) {
      for (const b of edges) {
        expect(numberOf(mulScalars(scalar(a), scalar(b)))).toBe(mod(a * b));
        expect(numberOf(addScalars(scalar(a), scalar(b)))).toBe(mod(a + b));
        expect(numberOf(subScalars(scalar(a), scalar(b)))).toBe(mod(a - b));
      }
    }
  });

  test('sums of none, one and many', () => {
    expect(isZeroScalar(addScalars())).toBe(true);
    expect(numberOf(addScalars(scalar(Q - 1n)))).toBe(Q - 1n);
    expect(numberOf(addScalars(...Array.from({ length: 5000 }, () => scalar(Q - 1n))))).toBe(
      mod(5000n * (Q - 1n)),
    );
  });

  test('reduction of 32, 48 and 64 bytes', () => {
    for (const length of [32, 48, 64]) {
      fc.assert(
        fc.property(wide(length), (value) => {
          expect(numberOf(reduceWide(bytesOf(value, length)))).toBe(value % Q);
        }),
        { numRuns: 1000 },
      );
    }
  });

  test('inversion', () => {
    for (const a of [1n, 2n, Q - 1n, 0x1234567890abcdefn, Q / 3n]) {
      expect(numberOf(mulScalars(invertScalar(scalar(a)), scalar(a)))).toBe(1n);
    }
    expect(() => invertScalar(scalar(0n))).toThrow(RangeError);
  });
});

test('scalar decoding refuses q and above, and other lengths', () => {
  for (const value of [Q, Q + 1n, 2n ** 256n - 1n]) {
    expect(scalarFromBytes(bytesOf(value, 32))).toBeNull();
  }
  expect(scalarFromBytes(bytesOf(Q - 1n, 32))).toEqual(bytesOf(Q - 1n, 32));
  for (const length of [0, 31, 33]) expect(scalarFromBytes(new Uint8Array(length))).toBeNull();
  expect(() => reduceWide(new Uint8Array(31))).toThrow(RangeError);
  expect(() => reduceWide(new Uint8Array(65))).toThrow(RangeError);
});

test('scalar decoding copies, so that a caller can not change it later', () => {
  const bytes = bytesOf(5n, 32);
  const decoded = scalarFromBytes(bytes);
  bytes[31] = 6;
  expect(decoded).toEqual(bytesOf(5n, 32));
});

test('small numbers become scalars, others are refused', () => {
  expect(numberOf(scalarFromNumber(2 ** 53 - 1))).toBe(2n ** 53n - 1n);
  expect(isZeroScalar(scalarFromNumber(0))).toBe(true);
  for (const bad of [-1, 1.5, 2 ** 53, Number.NaN]) {
    expect(() => scalarFromNumber(bad)).toThrow(RangeError);
  }
});

test('high scalars are those above half of q', () => {
  expect([0n, 1n, Q / 2n].map((value) => isHighScalar(scalar(value)))).toEqual([
    false,
    false,
    false,
  ]);
  expect([Q / 2n + 1n, Q - 1n].map((value) => isHighScalar(scalar(value)))).toEqual([true, true]);
});

test('N-4: a generator that fails is not replaced by another', () => {
  expect(() =>
    randomScalar(() => {
      throw new Error('no entropy');
    }),
  ).toThrow('no entropy');
});

test('N-4: random scalars take 48 bytes a draw, never zero', () => {
  const draws: number[] = [];
  const zeroFirst = (length: number): Uint8Array => {
    draws.push(length);
    return new Uint8Array(length).fill(draws.length === 1 ? 0 : 7);
  };
  expect(isZeroScalar(randomScalar(zeroFirst))).toBe(false);
  expect(draws).toEqual([48, 48]);
});

test('N-4: the top byte of 10⁵ random scalars is uniform', () => {
  const counts = new Float64Array(256);
  const runs = 100_000;
  for (let run = 0; run < runs; run++) counts[randomScalar(systemRng)[0]!]! += 1;
  const expected = runs / 256;
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(chiSquare).toBeLessThan(400); // 255 degrees of freedom: 400 is 6.4 deviations out
});
