/**
 * Blocks of the oracle T, leaves, and bit matrices of the OT extension. AssemblyScript; docs/spec/ot.md, "The kernel".
 */
import { VECTOR } from './layout';

/** π(x) ⊕ i: expands each of `count` blocks into `fanout`, with the positions' three words and the part as tweak. */
export function tweak(inner: usize, positions: usize, count: i32, fanout: i32, out: usize): void {
  for (let n: i32 = 0; n < count; n++) {
    const place = i32x4.replace_lane(v128.load(positions + 12 * n), 3, 0);
    const block = v128.xor(v128.load(inner + n * VECTOR), place);
    for (let part: i32 = 0; part < fanout; part++) {
      v128.store(out, v128.xor(block, i32x4(0, 0, 0, part)));
      out += VECTOR;
    }
  }
}

/** … ⊕ π(x): adds each block to its `fanout` expansions. */
export function addInner(inner: usize, count: i32, fanout: i32, out: usize): void {
  for (let n: i32 = 0; n < count; n++) {
    const block = v128.load(inner + n * VECTOR);
    for (let part: i32 = 0; part < fanout; part++) {
      v128.store(out, v128.xor(v128.load(out), block));
      out += VECTOR;
    }
  }
}

function addRow(to: usize, from: usize, bytes: i32): void {
  for (let at: i32 = 0; at < bytes; at += VECTOR) {
    v128.store(to + at, v128.xor(v128.load(to + at), v128.load(from + at)));
  }
}

/** Of each tree ⊕ r_z, and for each bit b of z the row ⊕ bit_b(z)·r_z; `sums` and `rows` are zeros before. */
export function foldLeaves(
  streams: usize,
  trees: i32,
  depth: i32,
  rowBytes: i32,
  sums: usize,
  rows: usize,
): void {
  const leaves = 1 << depth;
  for (let tree: i32 = 0; tree < trees; tree++) {
    for (let z: i32 = 0; z < leaves; z++) {
      const stream = streams + (tree * leaves + z) * rowBytes;
      addRow(sums + tree * rowBytes, stream, rowBytes);
      for (let bit: i32 = 0; bit < depth; bit++) {
        if ((z >> bit) & 1) addRow(rows + (tree * depth + bit) * rowBytes, stream, rowBytes);
      }
    }
  }
}

/** Exchanges rows and columns of four 32×32 blocks, side by side in 32 rows at `block`. */
function exchangeBlocks(block: usize): void {
  let mask: i32 = 0xffff;
  for (let width: i32 = 16; width !== 0; width >>= 1) {
    for (let row: i32 = 0; row < 32; row = ((row | width) + 1) & ~width) {
      const a = block + row * VECTOR;
      const b = block + (row | width) * VECTOR;
      const low = v128.load(a);
      const high = v128.load(b);
      const differ = v128.and(v128.xor(i32x4.shr_u(low, width), high), i32x4.splat(mask));
      v128.store(a, v128.xor(low, i32x4.shl(differ, width)));
      v128.store(b, v128.xor(high, differ));
    }
    mask ^= mask << (width >> 1);
  }
}

/** Transposes `rows` rows (a multiple of 32) of `columns` bits (a multiple of 128); `work` holds 32 vectors. */
export function transpose(work: usize, matrix: usize, rows: i32, columns: i32, out: usize): void {
  const rowBytes = columns >> 3;
  const columnBytes = rows >> 3;
  for (let band: i32 = 0; band < rows; band += 32) {
    for (let quad: i32 = 0; quad < rowBytes; quad += VECTOR) {
      const from = matrix + band * rowBytes + quad;
      for (let at: i32 = 0; at < 32; at++) {
        v128.store(work + at * VECTOR, v128.load(from + at * rowBytes));
      }
      exchangeBlocks(work);
      let to = out + 8 * quad * columnBytes + (band >> 3);
      for (let word: i32 = 0; word < 4; word++) {
        for (let at: i32 = 0; at < 32; at++) {
          store<u32>(to, load<u32>(work + at * VECTOR + 4 * word));
          to += columnBytes;
        }
      }
    }
  }
}

/** Columns of the field of the check, and bytes of as many columns of 128 bits. */
const FIELD: i32 = 128;
const SPAN: i32 = FIELD * VECTOR;

/**
 * Σⱼ eⱼ·xⱼ + x_{m+1} in GF(2)[X]/(X¹²⁸ + X⁷ + X² + X + 1) for the 128 rows x that the columns hold. `sums` takes
 * 2^terms spans, `product` two, which are zeros before. Branches depend on the coefficients only, which are public.
 */
export function combine(
  columns: usize,
  coefficients: usize,
  terms: i32,
  sums: usize,
  product: usize,
): void {
  for (let term: i32 = 0; term < terms; term++) {
    for (let subset: i32 = 0; subset < 1 << term; subset++) {
      const to = sums + ((1 << term) + subset) * SPAN;
      memory.copy(to, columns + term * SPAN, SPAN);
      addRow(to, sums + subset * SPAN, SPAN);
    }
  }
  for (let bit: i32 = 0; bit < FIELD; bit++) {
    let subset: i32 = 0; // the terms whose coefficient has Xᵇ
    for (let term: i32 = 0; term < terms; term++) {
      const word = load<u32>(coefficients + 16 * term + 4 * (bit >> 5));
      subset |= (<i32>((word >> (bit & 31)) & 1)) << term;
    }
    if (subset !== 0) addRow(product + bit * VECTOR, sums + subset * SPAN, SPAN);
  }
  for (let column: i32 = 2 * FIELD - 1; column >= FIELD; column--) {
    const value = v128.load(product + column * VECTOR); // X¹²⁸ = X⁷ + X² + X + 1
    const to = product + (column - FIELD) * VECTOR;
    v128.store(to, v128.xor(v128.load(to), value));
    v128.store(to, v128.xor(v128.load(to, 16), value), 16);
    v128.store(to, v128.xor(v128.load(to, 32), value), 32);
    v128.store(to, v128.xor(v128.load(to, 112), value), 112);
  }
  addRow(product, columns + terms * SPAN, SPAN);
}
