/**
 * Bit matrices and the field of the consistency check: docs/spec/ot.md, part 3. Bit n of a row is bit
 * n mod 8 of byte ⌊n/8⌋, the coefficient of Xⁿ; all in words of 32 bits.
 */
import { FIELD_BITS } from './parameters.ts';

/** Exchanges rows and columns of the 32×32 block in `block`: bit c of word r ↔ bit r of word c. */
const transposeBlock = (block: Uint32Array): void => {
  for (let width = 16, mask = 0xffff; width !== 0; width >>= 1, mask ^= mask << width) {
    for (let row = 0; row < 32; row = ((row | width) + 1) & ~width) {
      const low = block[row] ?? 0;
      const high = block[row | width] ?? 0;
      const difference = ((low >>> width) ^ high) & mask;
      block[row] = low ^ (difference << width);
      block[row | width] = high ^ difference;
    }
  }
};

/** Transposes `rows` rows of `columns` bits; both multiples of 32. */
export function transpose(matrix: Uint32Array, rows: number, columns: number): Uint32Array {
  const [rowWords, columnWords] = [columns / 32, rows / 32];
  const out = new Uint32Array(matrix.length);
  const block = new Uint32Array(32);
  for (let band = 0; band < columnWords; band++) {
    for (let word = 0; word < rowWords; word++) {
      for (let at = 0; at < 32; at++) block[at] = matrix[(band * 32 + at) * rowWords + word] ?? 0;
      transposeBlock(block);
      for (let at = 0; at < 32; at++) out[(word * 32 + at) * columnWords + band] = block[at] ?? 0;
    }
  }
  block.fill(0);
  return out;
}

/**
 * Σⱼ eⱼ·xⱼ + x_{m+1} in GF(2)[X]/(X¹²⁸ + X⁷ + X² + X + 1) for many rows x at once. The rows are given
 * transposed: column n holds bit n of every row in `stride` words. Multiplication by Xᵇ is then a move
 * by b columns, and the only index that depends on data is the bits of e at b, which are public.
 */
export function combineBlocks(
  columns: Uint32Array,
  stride: number,
  coefficients: Uint32Array,
): Uint32Array {
  const span = FIELD_BITS * stride;
  const terms = coefficients.length / 4;
  const sums = subsetSums(columns, span, terms);
  const product = new Uint32Array(2 * span);
  for (let bit = 0; bit < FIELD_BITS; bit++) {
    let subset = 0; // the terms whose coefficient has Xᵇ
    for (let term = 0; term < terms; term++) {
      const word = coefficients[4 * term + (bit >> 5)] ?? 0;
      subset |= ((word >>> (bit & 31)) & 1) << term;
    }
    if (subset !== 0) xorInto(product, bit * stride, sums, subset * span, span);
  }
  for (let at = 2 * span - 1; at >= span; at--) {
    const value = product[at] ?? 0; // X¹²⁸ = X⁷ + X² + X + 1
    const to = at - span;
    product[to] = (product[to] ?? 0) ^ value;
    product[to + stride] = (product[to + stride] ?? 0) ^ value;
    product[to + 2 * stride] = (product[to + 2 * stride] ?? 0) ^ value;
    product[to + 7 * stride] = (product[to + 7 * stride] ?? 0) ^ value;
  }
  xorInto(product, 0, columns, terms * span, span);
  const combined = product.slice(0, span);
  product.fill(0);
  sums.fill(0);
  return combined;
}

/** The sum of each subset of the first `terms` blocks; a subset's number has a bit for each. */
const subsetSums = (columns: Uint32Array, span: number, terms: number): Uint32Array => {
  const sums = new Uint32Array(2 ** terms * span);
  for (let term = 0; term < terms; term++) {
    for (let subset = 0; subset < 2 ** term; subset++) {
      const to = (2 ** term + subset) * span;
      sums.set(columns.subarray(term * span, (term + 1) * span), to);
      xorInto(sums, to, sums, subset * span, span);
    }
  }
  return sums;
};

const xorInto = (
  target: Uint32Array,
  to: number,
  source: Uint32Array,
  from: number,
  length: number,
): void => {
  for (let at = 0; at < length; at++) {
    target[to + at] = (target[to + at] ?? 0) ^ (source[from + at] ?? 0);
  }
};
