/**
 * Arithmetic modulo q on four numbers at a time. AssemblyScript; docs/spec/ot.md, "The kernel".
 *
 * Security: bounds of loops, branches and addresses are public.
 */
import { COLUMN, COLUMNS, HIGH, LIMBS, NORMAL, VECTOR } from './layout';

const LIMB_BITS: i32 = 26;
const MASK: i32 = 0x3ffffff;
/** Bits of limb 9 that lie below 2²⁵⁶. */
const TOP_BITS: i32 = 22;
const TOP_MASK: i32 = 0x3fffff;

/** c ≡ 2²⁵⁶, 129 bits in limbs. */
const C = memory.data<i32>([0x3c9bebf, 0x3685ccb, 0x1fc4402, 0x06542dd, 0x1455123]);
const C_LIMBS: i32 = 5;
/** 2⁴·c ≡ 2²⁶⁰, 133 bits. */
const FOLD = memory.data<i32>([0x09bebf0, 0x285ccbf, 0x3c4402d, 0x2542dd7, 0x0551231, 0x5]);
const FOLD_LIMBS: i32 = 6;

/** columns += a·b of two groups, column by column. */
export function addProduct(columns: usize, a: usize, b: usize): void {
  for (let k: i32 = 0; k < 2 * LIMBS - 1; k++) {
    const at = columns + k * COLUMN;
    let low = v128.load(at);
    let high = v128.load(at, 16);
    const last: i32 = k < LIMBS ? k : LIMBS - 1;
    for (let i: i32 = k - (k < LIMBS ? k : LIMBS - 1); i <= last; i++) {
      const x = v128.load(a + i * VECTOR);
      const y = v128.load(b + (k - i) * VECTOR);
      low = i64x2.add(low, i64x2.extmul_low_i32x4_u(x, y));
      high = i64x2.add(high, i64x2.extmul_high_i32x4_u(x, y));
    }
    v128.store(at, low);
    v128.store(at, high, 16);
  }
}

/** columns += limbs of a group, each lane where its mask is set. */
export function addMasked(columns: usize, group: usize, mask: v128): void {
  for (let i: i32 = 0; i < LIMBS; i++) {
    const at = columns + i * COLUMN;
    const limb = v128.and(v128.load(group + i * VECTOR), mask);
    v128.store(at, i64x2.add(v128.load(at), i64x2.extend_low_i32x4_u(limb)));
    v128.store(at, i64x2.add(v128.load(at, 16), i64x2.extend_high_i32x4_u(limb)), 16);
  }
}

/** Leaves 26 bits in each of the first `count` columns; the carry goes to the next. */
export function carry(columns: usize, count: i32): void {
  const mask = i64x2.splat(MASK);
  let low = i64x2.splat(0);
  let high = i64x2.splat(0);
  for (let k: i32 = 0; k < count; k++) {
    const at = columns + k * COLUMN;
    low = i64x2.add(low, v128.load(at));
    high = i64x2.add(high, v128.load(at, 16));
    v128.store(at, v128.and(low, mask));
    v128.store(at, v128.and(high, mask), 16);
    low = i64x2.shr_u(low, LIMB_BITS);
    high = i64x2.shr_u(high, LIMB_BITS);
  }
  const at = columns + count * COLUMN;
  v128.store(at, i64x2.add(low, v128.load(at)));
  v128.store(at, i64x2.add(high, v128.load(at, 16)), 16);
}

/** The four lanes of a column below 2³². */
export function packed(column: usize): v128 {
  return v128.shuffle<u32>(v128.load(column), v128.load(column, 16), 0, 2, 4, 6);
}

/** columns += the `count` limbs at `from`, which stand for multiples of 2²⁶⁰, times 2²⁶⁰ mod q. */
export function addFolded(columns: usize, from: usize, count: i32): void {
  for (let i: i32 = 0; i < count; i++) {
    const limb = v128.load(from + i * VECTOR);
    for (let j: i32 = 0; j < FOLD_LIMBS; j++) {
      const factor = v128.load32_splat(FOLD + 4 * j);
      const at = columns + (i + j) * COLUMN;
      v128.store(at, i64x2.add(v128.load(at), i64x2.extmul_low_i32x4_u(limb, factor)));
      v128.store(at, i64x2.add(v128.load(at, 16), i64x2.extmul_high_i32x4_u(limb, factor)), 16);
    }
  }
}

/** Replaces the `count` normal columns from 2²⁶⁰ on by their multiple of 2²⁶⁰ mod q. */
function fold(work: usize, count: i32): void {
  for (let i: i32 = 0; i < count; i++) {
    const at = work + (LIMBS + i) * COLUMN;
    v128.store(work + HIGH + i * VECTOR, packed(at));
    v128.store(at, i64x2.splat(0));
    v128.store(at, i64x2.splat(0), 16);
  }
  addFolded(work, work + HIGH, count);
}

/** Reduces columns below 2⁶³, a sum below 2⁵⁴⁶, to canonical limbs at `out`; clears the columns. */
export function reduce(work: usize, out: usize): void {
  carry(work, 21);
  fold(work, 11); // < 2²⁶⁰ + 2⁴¹⁹
  carry(work, 17);
  fold(work, 7); // < 2²⁶⁰ + 2²⁹³
  carry(work, 12);
  fold(work, 2); // < 2²⁶⁰ + 2¹⁶⁷
  carry(work, 10);
  for (let i: i32 = 0; i <= LIMBS; i++) {
    v128.store(work + NORMAL + i * VECTOR, packed(work + i * COLUMN));
  }
  memory.fill(work, 0, COLUMNS * COLUMN);
  finish(work + NORMAL, out);
}

/**
 * Makes eleven limbs of a number below 51·2²⁵⁶ canonical at `out`: the ten lower ones normal, or below 2³¹ with the
 * number's carries still to go.
 */
export function finish(limbs: usize, out: usize): void {
  const mask = i32x4.splat(MASK);
  carryLimbs(limbs, LIMBS);
  const ninth = v128.load(limbs + 9 * VECTOR);
  const tenth = v128.load(limbs + 10 * VECTOR);
  // x = top·2²⁵⁶ + rest ≡ top·c + rest < 2²⁵⁶ + 2¹³⁵
  const top = v128.or(i32x4.shl(tenth, LIMB_BITS - TOP_BITS), i32x4.shr_u(ninth, TOP_BITS));
  v128.store(limbs + 9 * VECTOR, v128.and(ninth, i32x4.splat(TOP_MASK)));
  for (let i: i32 = 0; i < C_LIMBS; i++) {
    const at = limbs + i * VECTOR;
    v128.store(at, i32x4.add(v128.load(at), i32x4.mul(top, v128.load32_splat(C + 4 * i))));
  }
  carryLimbs(limbs, LIMBS - 1);
  // x ≥ q exactly if x + c ≥ 2²⁵⁶; then x − q is x + c without that bit.
  let sum = i32x4.splat(0);
  for (let i: i32 = 0; i < LIMBS; i++) {
    sum = i32x4.add(sum, v128.load(limbs + i * VECTOR));
    if (i < C_LIMBS) sum = i32x4.add(sum, v128.load32_splat(C + 4 * i));
    if (i === LIMBS - 1) break;
    v128.store(out + i * VECTOR, v128.and(sum, mask));
    sum = i32x4.shr_u(sum, LIMB_BITS);
  }
  v128.store(out + 9 * VECTOR, v128.and(sum, i32x4.splat(TOP_MASK)));
  const reduced = i32x4.neg(i32x4.shr_u(sum, TOP_BITS)); // all ones where x ≥ q
  for (let i: i32 = 0; i < LIMBS; i++) {
    const at = out + i * VECTOR;
    v128.store(at, v128.bitselect(v128.load(at), v128.load(limbs + i * VECTOR), reduced));
  }
}

/** Leaves 26 bits in each of the first `count` limbs; the carry goes to the next. */
export function carryLimbs(limbs: usize, count: i32): void {
  const mask = i32x4.splat(MASK);
  let sum = i32x4.splat(0);
  for (let i: i32 = 0; i < count; i++) {
    const at = limbs + i * VECTOR;
    sum = i32x4.add(sum, v128.load(at));
    v128.store(at, v128.and(sum, mask));
    sum = i32x4.shr_u(sum, LIMB_BITS);
  }
  const at = limbs + count * VECTOR;
  v128.store(at, i32x4.add(sum, v128.load(at)));
}
