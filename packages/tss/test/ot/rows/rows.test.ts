/** Both implementations against integers and polynomials in BigInt, which share no code with either. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { Q } from '../../../src/arith/scalar.ts';
import { instantiateKernel } from '../../../src/ot/rows/kernel.ts';
import { loops } from '../../../src/ot/rows/loops.ts';
import type { Limbs, Rows } from '../../../src/ot/rows/types.ts';
import { seededRng } from '../../support/rng.ts';

const kernel = instantiateKernel();
if (kernel === null) throw new Error('this engine does not run the kernel');

const mod = (value: bigint): bigint => ((value % Q) + Q) % Q;
const bytesOf = (value: bigint, length: number): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex'));
const joined = (values: readonly bigint[], length: number): Uint8Array =>
  new Uint8Array(Buffer.concat(values.map((value) => bytesOf(value, length))));
const big = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
const numbers = (bytes: Uint8Array): bigint[] =>
  Array.from({ length: bytes.length / 32 }, (_, n) => big(bytes.subarray(32 * n, 32 * n + 32)));
const bitOf = (bits: Uint8Array, n: number): number => ((bits[n >> 3] ?? 0) >> (n & 7)) & 1;

const MAX = 2n ** 384n - 1n;
const edges = [0n, 1n, Q - 1n, Q, Q + 1n, 2n ** 256n - 1n, 2n ** 260n - 1n, 2n ** 260n, MAX - 1n];
const wide = fc.oneof(fc.constantFrom(MAX, ...edges), fc.bigInt({ min: 0n, max: MAX }));
const scalar = fc.oneof(fc.constantFrom(0n, 1n, Q - 1n), fc.bigInt({ min: 0n, max: Q - 1n }));
const many = <T>(arbitrary: fc.Arbitrary<T>, length: number): fc.Arbitrary<T[]> =>
  fc.array(arbitrary, { minLength: length, maxLength: length });

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Rows of a property; a multiple of 8, as there are choice bits for them. */
const ROWS = 16;
/** A whole instance. */
const ALL = 512;

const rng = seededRng('rows');

/** An oracle whose second answer makes the blocks any bytes: it is not asked what it should be. */
const giving = (wanted: Uint8Array) => {
  let asked = 0;
  return (blocks: Uint8Array): Uint8Array =>
    asked++ === 0 ? new Uint8Array(blocks.length) : Uint8Array.from(wanted);
};
const load = (rows: Rows, values: readonly bigint[]): Limbs => {
  const count = values.length / 3;
  const blocks = new Uint32Array(4 * count);
  return rows.expandRows(giving(joined(values, 48)), blocks, new Uint32Array(3 * count));
};

/** The values of a row-wise list that stand in one column. */
const column = (values: readonly bigint[], i: number): bigint[] =>
  values.filter((_, at) => at % 3 === i);

describe.each([loops, kernel])('numbers of rows, $name', (rows) => {
  test('sums of chosen numbers', () => {
    const inputs = fc.tuple(many(wide, ROWS), fc.uint8Array({ minLength: 2, maxLength: 2 }));
    fc.assert(
      fc.property(inputs, ([values, bits]) => {
        const sum = values.reduce((all, value, n) => all + value * BigInt(bitOf(bits, n)), 0n);
        expect(big(rows.selectedSum(rows.loadWide(joined(values, 48)), bits))).toBe(mod(sum));
      }),
      { numRuns: 200 },
    );
  });

  test('products with a column', () => {
    fc.assert(
      fc.property(many(wide, ROWS), many(wide, 3 * ROWS), (factors, values) => {
        const [f, r] = [rows.loadWide(joined(factors, 48)), load(rows, values)];
        for (const i of [0, 1, 2]) {
          const one = column(values, i);
          const sum = factors.reduce((all, factor, n) => all + factor * (one[n] ?? 0n), 0n);
          expect(big(rows.dotColumn(f, r, i))).toBe(mod(sum));
        }
      }),
      { numRuns: 200 },
    );
  });

  test('masked differences', () => {
    fc.assert(
      fc.property(
        many(wide, 3 * ROWS),
        many(wide, 3 * ROWS),
        many(scalar, 3),
        (values, others, inputs) => {
          const masked = rows.maskedDifferences(
            load(rows, values),
            load(rows, others),
            joined(inputs, 32),
          );
          const expected = values.map((value, at) =>
            mod(value - (others[at] ?? 0n) + (inputs[at % 3] ?? 0n)),
          );
          expect(numbers(masked)).toEqual(expected);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('checks of rows, with and without an addend, after a selected addition', () => {
    const inputs = fc.tuple(many(wide, 3 * ROWS), many(scalar, 3 * ROWS), many(scalar, 3));
    const bits = fc.uint8Array({ minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(inputs, bits, ([values, addends, [f0 = 0n, f1 = 0n, addend = 0n]], chosen) => {
        const limbs = load(rows, values);
        const factors = joined([f0, f1], 32);
        const check = (of: readonly bigint[], n: number): bigint =>
          (of[3 * n + 2] ?? 0n) + f0 * (of[3 * n] ?? 0n) + f1 * (of[3 * n + 1] ?? 0n);
        const all = Array.from({ length: ROWS }, (_, n) => n);
        expect(numbers(rows.checkRows(limbs, factors))).toEqual(
          all.map((n) => mod(check(values, n))),
        );
        rows.addSelected(limbs, joined(addends, 32), chosen);
        const sums = values.map(
          (value, at) => value + (addends[at] ?? 0n) * BigInt(bitOf(chosen, Math.floor(at / 3))),
        );
        const selected = { bits: chosen, addend: bytesOf(addend, 32) };
        expect(numbers(rows.checkRows(limbs, factors, selected))).toEqual(
          all.map((n) => mod(check(sums, n) + addend * BigInt(bitOf(chosen, n)))),
        );
      }),
      { numRuns: 200 },
    );
  });

  test('512 rows of the largest numbers overflow nothing', () => {
    const most = Array.from({ length: ALL }, () => MAX);
    const largest = Array.from({ length: 3 * ALL }, () => MAX);
    const ones = new Uint8Array(ALL / 8).fill(255);
    const [f, r] = [rows.loadWide(joined(most, 48)), load(rows, largest)];
    expect(big(rows.selectedSum(f, ones))).toBe(mod(MAX * BigInt(ALL)));
    rows.addSelected(r, joined(Array(3 * ALL).fill(Q - 1n), 32), ones);
    const sum = MAX + Q - 1n;
    for (const i of [0, 1, 2]) {
      expect(big(rows.dotColumn(f, r, i))).toBe(mod(MAX * sum * BigInt(ALL)));
    }
    const factors = joined([Q - 1n, Q - 1n], 32);
    const selected = { bits: ones, addend: bytesOf(Q - 1n, 32) };
    const expected = mod(sum + 2n * (Q - 1n) * sum + Q - 1n);
    const checked = numbers(rows.checkRows(r, factors, selected));
    expect(checked.every((value) => value === expected)).toBe(true);
    expect(checked).toHaveLength(ALL);
    const zeros = load(rows, Array(3 * ALL).fill(0n));
    const differences = rows.maskedDifferences(
      zeros,
      load(rows, largest),
      joined([0n, 0n, 0n], 32),
    );
    expect(numbers(differences).every((value) => value === mod(-MAX))).toBe(true);
  });
});

/** Bits of a matrix in words, row by row. */
const matrixOf = (bytes: Uint8Array): Uint32Array => new Uint32Array(bytes.slice().buffer);
const bitAt = (matrix: Uint32Array, at: number): number =>
  ((matrix[at >> 5] ?? 0) >>> (at & 31)) & 1;

/** GF(2)[X] modulo X¹²⁸ + X⁷ + X² + X + 1. */
const multiply = (a: bigint, b: bigint): bigint => {
  let product = 0n;
  for (let bit = 0n; bit < 128n; bit++) if ((b >> bit) & 1n) product ^= a << bit;
  for (let bit = 255n; bit >= 128n; bit--) {
    if ((product >> bit) & 1n) product ^= (1n << bit) ^ (0x87n << (bit - 128n));
  }
  return product;
};
const little = (words: Uint32Array): bigint =>
  words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);

describe.each([loops, kernel])('bits and blocks, $name', (rows) => {
  test.each([
    [128, 640],
    [128, 128],
    [32, 128],
  ])('a matrix of %i rows of %i bits is transposed bit by bit', (height, width) => {
    const matrix = matrixOf(rng((height * width) / 8));
    const turned = rows.transpose(matrix, height, width);
    const wrong = Array.from({ length: height * width }, (_, at) => at).filter((at) => {
      const [row, bit] = [Math.floor(at / width), at % width];
      return bitAt(matrix, at) !== bitAt(turned, bit * height + row);
    });
    expect(wrong).toEqual([]);
  });

  test.each([4, 1])('Σ eⱼ·xⱼ + x₅ of 32·%i rows is the one in GF(2¹²⁸)', (stride) => {
    for (const coefficients of [rng(64), new Uint8Array(64), new Uint8Array(64).fill(255)]) {
      const columns = matrixOf(rng(640 * 4 * stride));
      const combined = rows.combine(columns, stride, matrixOf(coefficients));
      const rowOf = (matrix: Uint32Array, row: number, from: number): bigint =>
        Array.from({ length: 128 }, (_, n) =>
          BigInt(bitAt(matrix, (from + n) * 32 * stride + row)),
        ).reduceRight((sum, bit) => (sum << 1n) | bit, 0n);
      for (let row = 0; row < 32 * stride; row += 7) {
        const expected = [0, 1, 2, 3].reduce(
          (sum, j) =>
            sum ^
            multiply(
              rowOf(columns, row, 128 * j),
              little(matrixOf(coefficients).subarray(4 * j, 4 * j + 4)),
            ),
          rowOf(columns, row, 512),
        );
        expect(rowOf(combined, row, 0)).toBe(expected);
      }
    }
  });

  const xor = (bytes: Uint8Array): Uint8Array => bytes.map((byte, at) => byte ^ ((at * 29) & 255));
  /** A permutation for tests: every block its own, so that an exchange of blocks is seen. */
  const oracle = (blocks: Uint8Array): Uint8Array => xor(blocks).map((byte) => (byte * 167) & 255);

  /** π(π(x) ⊕ i) ⊕ π(x) block by block, where π depends on the place as above. */
  const written = (blocks: Uint32Array, positions: Uint32Array, fanout: number): Uint32Array => {
    const inner = matrixOf(oracle(new Uint8Array(blocks.buffer)));
    const tweaked = Uint32Array.from({ length: inner.length * fanout }, (_, at) => {
      const [block, part, word] = [
        Math.floor(at / 4 / fanout),
        Math.floor(at / 4) % fanout,
        at % 4,
      ];
      const tweak = word === 3 ? part : (positions[3 * block + word] ?? 0);
      return (inner[4 * block + word] ?? 0) ^ tweak;
    });
    const outer = matrixOf(oracle(new Uint8Array(tweaked.buffer)));
    return outer.map(
      (value, at) => value ^ (inner[4 * Math.floor(at / 4 / fanout) + (at % 4)] ?? 0),
    );
  };

  test('blocks are expanded by the oracle T with their tweaks', () => {
    for (const fanout of [1, 2, 5, 9]) {
      const [blocks, positions] = [matrixOf(rng(16 * 24)), matrixOf(rng(12 * 24))];
      const kept = [blocks.slice(), positions.slice()];
      expect(rows.expand(oracle, blocks, positions, fanout)).toEqual(
        written(blocks, positions, fanout),
      );
      expect([blocks, positions]).toEqual(kept);
    }
  });

  test.each([false, true])(
    'streams of leaves are folded by the bits of z, punctured: %s',
    (punctured) => {
      const [leaves, positions] = [matrixOf(rng(16 * 512)), matrixOf(rng(12 * 512))];
      const streams = written(leaves, positions, 5);
      const streamOf = (tree: number, z: number): Uint32Array =>
        punctured && z === 0
          ? new Uint32Array(20)
          : streams.subarray((tree * 16 + z) * 20, (tree * 16 + z + 1) * 20);
      const sum = (tree: number, of: (z: number) => boolean): Uint32Array =>
        Array.from({ length: 16 }, (_, z) => z)
          .filter(of)
          .reduce(
            (all, z) => all.map((word, at) => word ^ (streamOf(tree, z)[at] ?? 0)),
            new Uint32Array(20),
          );
      const folded = rows.foldLeaves(oracle, leaves, positions, punctured);
      for (let tree = 0; tree < 32; tree++) {
        expect(folded.sums.subarray(tree * 20, tree * 20 + 20)).toEqual(sum(tree, () => true));
        for (let bit = 0; bit < 4; bit++) {
          const at = (tree * 4 + bit) * 20;
          expect(folded.rows.subarray(at, at + 20)).toEqual(
            sum(tree, (z) => ((z >> bit) & 1) === 1),
          );
        }
      }
    },
  );
});

describe('one instance of OT in both implementations', () => {
  let bytes: (length: number) => Uint8Array;
  beforeAll(() => (bytes = seededRng('instance')));

  test('gives the same bytes in every operation, five times', () => {
    for (let run = 0; run < 5; run++) {
      const [gadget, blocks, others] = [bytes(48 * ALL), bytes(144 * ALL), bytes(144 * ALL)];
      const bits = bytes(64);
      const scalars = (count: number): Uint8Array => {
        const drawn = bytes(32 * count);
        for (let at = 0; at < drawn.length; at += 32) drawn[at] = (drawn[at] ?? 0) & 127; // below q
        return drawn;
      };
      const [inputs, factors, addend, addends] = [
        scalars(3),
        scalars(2),
        scalars(1),
        scalars(3 * ALL),
      ];
      const [first, second] = [loops, kernel].map((rows) => {
        const expand = (wanted: Uint8Array): Limbs =>
          rows.expandRows(giving(wanted), new Uint32Array(4 * ALL), new Uint32Array(3 * ALL));
        const [f, a, b] = [rows.loadWide(gadget), expand(blocks), expand(others)];
        const made = [
          rows.selectedSum(f, bits),
          rows.maskedDifferences(a, b, inputs),
          rows.checkRows(a, factors),
          ...[0, 1, 2].map((i) => rows.dotColumn(f, a, i)),
        ];
        rows.addSelected(b, addends, bits);
        return [...made, rows.checkRows(b, factors, { bits, addend }), rows.dotColumn(f, b, 1)];
      });
      expect(second?.map(hex)).toEqual(first?.map(hex));
    }
  });
});
