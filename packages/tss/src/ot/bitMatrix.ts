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
 * by b columns, and the only branches are on bits of e, which is public.
 */
export function combineBlocks(
  columns: Uint32Array,
  stride: number,
  coefficients: Uint32Array,
): Uint32Array {
  const span = FIELD_BITS * stride;
  const terms = coefficients.length / 4;
  const product = new Uint32Array(2 * span);
  for (let term = 0; term < terms; term++) {
    const block = columns.subarray(term * span, (term + 1) * span);
    for (let bit = 0; bit < FIELD_BITS; bit++) {
      const isSet = ((coefficients[4 * term + (bit >> 5)] ?? 0) >>> (bit & 31)) & 1;
      if (isSet === 1) xorInto(product, bit * stride, block);
    }
  }
  for (let at = 2 * span - 1; at >= span; at--) {
    const value = product[at] ?? 0;
    for (const power of [0, 1, 2, 7]) {
      const to = at - span + power * stride;
      product[to] = (product[to] ?? 0) ^ value;
    }
  }
  xorInto(product, 0, columns.subarray(terms * span, (terms + 1) * span));
  const sum = product.slice(0, span);
  product.fill(0);
  return sum;
}

const xorInto = (target: Uint32Array, to: number, source: Uint32Array): void => {
  for (let at = 0; at < source.length; at++) {
    target[to + at] = (target[to + at] ?? 0) ^ (source[at] ?? 0);
  }
};
