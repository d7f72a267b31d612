/**
 * Between big-endian bytes of four rows and groups of limbs. AssemblyScript; docs/spec/ot.md, "The kernel".
 */
import { COLUMN, LIMBS, NORMAL, VECTOR, WORDS } from './layout';
import { addFolded, carry, packed } from './modulo';

const LIMB_BITS: i32 = 26;
const MASK: i32 = 0x3ffffff;
/** Limbs of 48 bytes. */
const WIDE_LIMBS: i32 = 15;

/** 16 bytes in the other order: big-endian bytes as four words, the lowest first. */
function reversed(bytes: v128): v128 {
  return v128.shuffle<u8>(bytes, bytes, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
}

/** Exchanges rows and lanes of the 4×4 words a, b, c, d, and stores the four results in a row. */
function storeExchanged(to: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab0 = v128.shuffle<u32>(a, b, 0, 4, 1, 5);
  const ab1 = v128.shuffle<u32>(a, b, 2, 6, 3, 7);
  const cd0 = v128.shuffle<u32>(c, d, 0, 4, 1, 5);
  const cd1 = v128.shuffle<u32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<u64>(ab0, cd0, 0, 2));
  v128.store(to, v128.shuffle<u64>(ab0, cd0, 1, 3), 16);
  v128.store(to, v128.shuffle<u64>(ab1, cd1, 0, 2), 32);
  v128.store(to, v128.shuffle<u64>(ab1, cd1, 1, 3), 48);
}

/** Reads `length` bytes (a multiple of 16) of each of four rows as words, the lowest first, and a zero after them. */
function readWords(words: usize, bytes: usize, stride: i32, length: i32): void {
  for (let block: i32 = 0; block < length; block += 16) {
    const at = bytes + length - 16 - block;
    storeExchanged(
      words + 4 * block,
      reversed(v128.load(at)),
      reversed(v128.load(at + stride)),
      reversed(v128.load(at + 2 * stride)),
      reversed(v128.load(at + 3 * stride)),
    );
  }
  v128.store(words + 4 * length, i32x4.splat(0));
}

/** Splits words into `count` limbs. */
function limbsOf(words: usize, limbs: usize, count: i32): void {
  for (let i: i32 = 0; i < count; i++) {
    const bit = i * LIMB_BITS;
    const at = words + (bit >> 5) * VECTOR;
    const shift = bit & 31;
    let limb = i32x4.shr_u(v128.load(at), shift);
    if (shift > 32 - LIMB_BITS) {
      limb = v128.or(limb, i32x4.shl(v128.load(at, 16), 32 - shift));
    }
    v128.store(limbs + i * VECTOR, v128.and(limb, i32x4.splat(MASK)));
  }
}

/** Reads 32 bytes of each of four rows into a group of normal numbers. */
export function readScalars(work: usize, group: usize, bytes: usize, stride: i32): void {
  readWords(work + WORDS, bytes, stride, 32);
  limbsOf(work + WORDS, group, LIMBS);
}

/** Reads 48 bytes of each of four rows into a group of loose numbers: below 2²⁶⁰ + 2²⁵⁷, in limb 9 above 26 bits. */
export function readWide(work: usize, group: usize, bytes: usize, stride: i32): void {
  const limbs = work + NORMAL;
  readWords(work + WORDS, bytes, stride, 48);
  limbsOf(work + WORDS, limbs, WIDE_LIMBS);
  for (let i: i32 = 0; i < LIMBS; i++) {
    const limb = v128.load(limbs + i * VECTOR);
    v128.store(work + i * COLUMN, i64x2.extend_low_i32x4_u(limb));
    v128.store(work + i * COLUMN, i64x2.extend_high_i32x4_u(limb), 16);
  }
  addFolded(work, limbs + LIMBS * VECTOR, WIDE_LIMBS - LIMBS);
  carry(work, LIMBS - 1);
  for (let i: i32 = 0; i < LIMBS; i++) {
    v128.store(group + i * VECTOR, packed(work + i * COLUMN));
  }
  memory.fill(work, 0, LIMBS * COLUMN);
}

/** Writes a group of canonical numbers as 32 bytes to each of four rows. */
export function writeScalars(work: usize, group: usize, bytes: usize, stride: i32): void {
  const words = work + WORDS;
  for (let k: i32 = 0; k < 8; k++) {
    const bit = 32 * k;
    const first = bit / LIMB_BITS;
    const shift = bit % LIMB_BITS;
    const at = group + first * VECTOR;
    let word = i32x4.shr_u(v128.load(at), shift);
    word = v128.or(word, i32x4.shl(v128.load(at, 16), LIMB_BITS - shift));
    if (2 * LIMB_BITS - shift < 32) {
      word = v128.or(word, i32x4.shl(v128.load(at, 32), 2 * LIMB_BITS - shift));
    }
    v128.store(words + k * VECTOR, word);
  }
  for (let half: i32 = 0; half < 2; half++) {
    const from = words + 64 * half;
    const to = words + 128;
    storeExchanged(
      to,
      v128.load(from),
      v128.load(from, 16),
      v128.load(from, 32),
      v128.load(from, 48),
    );
    const at = bytes + 16 - 16 * half;
    v128.store(at, reversed(v128.load(to)));
    v128.store(at + stride, reversed(v128.load(to, 16)));
    v128.store(at + 2 * stride, reversed(v128.load(to, 32)));
    v128.store(at + 3 * stride, reversed(v128.load(to, 48)));
  }
}
