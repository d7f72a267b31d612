import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMBS } from '../../src/arith/limbs.ts';
import { Q } from '../../src/arith/scalar.ts';
import {
  addSelected,
  checkRows,
  dotColumn,
  loadScalars,
  loadWide,
  maskedDifferences,
  selectedSum,
} from '../../src/arith/scalarVector.ts';

const mod = (value: bigint): bigint => ((value % Q) + Q) % Q;
const bytesOf = (value: bigint, length: number): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex'));
const joined = (values: readonly bigint[], length: number): Uint8Array =>
  new Uint8Array(Buffer.concat(values.map((value) => bytesOf(value, length))));
const numbers = (bytes: Uint8Array): bigint[] =>
  Array.from({ length: bytes.length / 32 }, (_, n) =>
    BigInt(`0x${Buffer.from(bytes.subarray(32 * n, 32 * n + 32)).toString('hex')}`),
  );
const valueOf = (limbs: Float64Array): bigint =>
  limbs.reduceRight((sum, limb) => (sum << 24n) + BigInt(limb), 0n);

const MAX = 2n ** 384n - 1n;
const edges = [0n, 1n, Q - 1n, Q, 2n ** 256n - 1n, 2n ** 264n - 1n, 2n ** 264n, MAX, MAX - 1n];
const wide = fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min: 0n, max: MAX }));
const scalar = fc.oneof(fc.constantFrom(0n, 1n, Q - 1n), fc.bigInt({ min: 0n, max: Q - 1n }));
const many = <T>(arbitrary: fc.Arbitrary<T>, length: number): fc.Arbitrary<T[]> =>
  fc.array(arbitrary, { minLength: length, maxLength: length });

/** ξ rows of the largest loose numbers there are, and all choices 1. */
const ROWS = 512;
const largest = (count: number): Float64Array =>
  loadWide(
    joined(
      Array.from({ length: count }, () => MAX),
      48,
    ),
  );
const ones = new Uint8Array(ROWS / 8).fill(255);

describe('vectors of scalars agree with integers modulo q', () => {
  test('wide values load to loose numbers of the same residue', () => {
    fc.assert(
      fc.property(many(wide, 8), (values) => {
        const limbs = loadWide(joined(values, 48));
        values.forEach((value, n) => {
          const number = limbs.slice(n * LIMBS, (n + 1) * LIMBS);
          expect(mod(valueOf(number))).toBe(mod(value));
          expect(valueOf(number) < 2n ** 264n + 2n ** 258n).toBe(true);
          expect(number.slice(0, LIMBS - 1).every((limb) => limb >= 0 && limb < 2 ** 24)).toBe(
            true,
          );
        });
      }),
      { numRuns: 300 },
    );
  });

  test('sums and inner products, also where every limb is as large as it gets', () => {
    fc.assert(
      fc.property(
        many(wide, 16),
        many(wide, 48),
        fc.uint8Array({ minLength: 2, maxLength: 2 }),
        (g, m, bits) => {
          const [factors, rows] = [loadWide(joined(g, 48)), loadWide(joined(m, 48))];
          const selected = g.filter((_, n) => ((bits[n >> 3]! >> (n & 7)) & 1) === 1);
          expect(numbers(selectedSum(factors, bits))).toEqual([
            mod(selected.reduce((a, b) => a + b, 0n)),
          ]);
          for (const column of [0, 1, 2]) {
            const dot = g.reduce((sum, value, n) => sum + value * m[3 * n + column]!, 0n);
            expect(numbers(dotColumn(factors, rows, 3, column))).toEqual([mod(dot)]);
          }
        },
      ),
      { numRuns: 100 },
    );
    const [factors, rows] = [largest(ROWS), largest(3 * ROWS)];
    expect(numbers(selectedSum(factors, ones))).toEqual([mod(512n * MAX)]);
    expect(numbers(dotColumn(factors, rows, 3, 1))).toEqual([mod(512n * MAX * MAX)]);
    addSelected(
      rows,
      loadScalars(
        joined(
          Array.from({ length: 3 * ROWS }, () => Q - 1n),
          32,
        ),
      ),
      3,
      ones,
    );
    expect(numbers(dotColumn(factors, rows, 3, 2))).toEqual([mod(512n * MAX * (MAX + Q - 1n))]);
  });

  test('masked differences', () => {
    fc.assert(
      fc.property(many(wide, 6), many(wide, 6), many(scalar, 3), (x, y, inputs) => {
        const [rows, others] = [loadWide(joined(x, 48)), loadWide(joined(y, 48))];
        const result = numbers(maskedDifferences(rows, others, loadScalars(joined(inputs, 32))));
        expect(result).toEqual(x.map((value, at) => mod(value - y[at]! + inputs[at % 3]!)));
      }),
      { numRuns: 300 },
    );
  });

  test('rows of the check, with and without what a choice adds', () => {
    fc.assert(
      fc.property(
        many(wide, 24),
        many(scalar, 24),
        many(scalar, 3),
        fc.nat(255),
        (x, added, more, bits) => {
          const [first, second, eta] = more as [bigint, bigint, bigint];
          const factors = loadScalars(joined([first, second], 32));
          const rows = loadWide(joined(x, 48));
          const check = (values: readonly bigint[], extra: (n: number) => bigint): bigint[] =>
            Array.from({ length: 8 }, (_, n) =>
              mod(
                values[3 * n + 2]! +
                  first * values[3 * n]! +
                  second * values[3 * n + 1]! +
                  extra(n),
              ),
            );
          expect(numbers(checkRows(rows, factors))).toEqual(check(x, () => 0n));

          const choices = Uint8Array.of(bits);
          const bit = (n: number): bigint => BigInt((bits >> n) & 1);
          addSelected(rows, loadScalars(joined(added, 32)), 3, choices);
          const sums = x.map((value, at) => value + bit(Math.floor(at / 3)) * added[at]!);
          const selected = { bits: choices, addend: loadScalars(joined([eta], 32)) };
          expect(numbers(checkRows(rows, factors, selected))).toEqual(
            check(sums, (n) => bit(n) * eta),
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});
