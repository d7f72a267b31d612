/**
 * Vectors of numbers modulo q: the scalars of the rows of OT. AssemblyScript; docs/spec/ot.md, "The kernel".
 *
 * A vector of `groups` groups holds the numbers of 4·groups rows. `work` is working memory, zeros before and after;
 * `bits` has a choice bit for each row.
 */
import { COLUMN, COLUMNS, GROUP, LIMBS, NORMAL, VECTOR, WORDS } from './layout';
import { addMasked, addProduct, carry, carryLimbs, finish, packed, reduce } from './modulo';
import { readScalars, readWide, writeScalars } from './encoding';

/** Working memory for one result, after that of the arithmetic. */
const RESULT: i32 = WORDS + 16 * VECTOR;
const OPERAND: i32 = RESULT + GROUP;
/** Bytes of the working memory of every function that takes some. */
export const WORK: i32 = OPERAND + 3 * GROUP;

/** 2⁵·q in limbs that exceed those of every loose number: added before a subtraction, so that no limb is negative. */
const MULTIPLE = memory.data<i32>([
  0x12c82820, 0x12f4667d, 0x10777fa0, 0x1357a44c, 0x1355db98, 0x13fffff1, 0x13fffffb, 0x13fffffb,
  0x13fffffb, 0x07fffffb,
]);

/** All ones in the lanes of a group whose bit is set. */
function maskOf(bits: usize, group: i32): v128 {
  const nibble = <i32>load<u8>(bits + (group >> 1)) >> (4 * (group & 1));
  const lanes = v128.and(i32x4.splat(nibble), i32x4(1, 2, 4, 8));
  return i32x4.ne(lanes, i32x4.splat(0));
}

/** One number of 32 bytes in all lanes of a group. */
function broadcast(work: usize, group: usize, bytes: usize): void {
  readScalars(work, group, bytes, 0);
}

/** Adds the four lanes of all columns into each of them; leaves them normal. */
function addLanes(columns: usize): void {
  carry(columns, COLUMNS - 1);
  for (let k: i32 = 0; k < COLUMNS; k++) {
    const at = columns + k * COLUMN;
    const pair = i64x2.add(v128.load(at), v128.load(at, 16));
    const sum = i64x2.add(pair, v128.shuffle<u64>(pair, pair, 1, 0));
    v128.store(at, sum);
    v128.store(at, sum, 16);
  }
}

/** Reduces the sum of all lanes and writes it as 32 bytes. */
function writeSum(work: usize, out: usize): void {
  addLanes(work);
  reduce(work, work + RESULT);
  writeScalars(work, work + RESULT, out, 0);
}

/** Reads 48-byte values, one of each row at that stride. */
export function loadWide(work: usize, vector: usize, groups: i32, bytes: usize, stride: i32): void {
  for (let g: i32 = 0; g < groups; g++) {
    readWide(work, vector + g * GROUP, bytes + 4 * g * stride, stride);
  }
}

/** Σ vector[n] over the rows whose bit is set. */
export function selectedSum(
  work: usize,
  vector: usize,
  groups: i32,
  bits: usize,
  out: usize,
): void {
  for (let g: i32 = 0; g < groups; g++) {
    addMasked(work, vector + g * GROUP, maskOf(bits, g));
  }
  writeSum(work, out);
}

/** Σ a[n]·b[n]; at most 128 groups, so that no column overflows. */
export function dot(work: usize, a: usize, b: usize, groups: i32, out: usize): void {
  for (let g: i32 = 0; g < groups; g++) addProduct(work, a + g * GROUP, b + g * GROUP);
  writeSum(work, out);
}

/** vector[n] − other[n] + input, 32 bytes for each row at that stride. */
export function maskedDifferences(
  work: usize,
  vector: usize,
  other: usize,
  input: usize,
  groups: i32,
  out: usize,
  stride: i32,
): void {
  const limbs = work + NORMAL;
  const added = work + OPERAND;
  broadcast(work, added, input);
  for (let i: i32 = 0; i < LIMBS; i++) {
    const at = added + i * VECTOR;
    v128.store(at, i32x4.add(v128.load(at), v128.load32_splat(MULTIPLE + 4 * i)));
  }
  for (let g: i32 = 0; g < groups; g++) {
    for (let i: i32 = 0; i < LIMBS; i++) {
      const at = g * GROUP + i * VECTOR;
      const difference = i32x4.sub(v128.load(vector + at), v128.load(other + at));
      v128.store(limbs + i * VECTOR, i32x4.add(difference, v128.load(added + i * VECTOR)));
    }
    v128.store(limbs + LIMBS * VECTOR, i32x4.splat(0));
    finish(limbs, work + RESULT);
    writeScalars(work, work + RESULT, out + 4 * g * stride, stride);
  }
}

/** vector[n] += the 32 bytes of row n at that stride, where its bit is set; at most once for a vector. */
export function addSelected(
  work: usize,
  vector: usize,
  groups: i32,
  bits: usize,
  bytes: usize,
  stride: i32,
): void {
  const added = work + OPERAND;
  for (let g: i32 = 0; g < groups; g++) {
    const mask = maskOf(bits, g);
    const group = vector + g * GROUP;
    readScalars(work, added, bytes + 4 * g * stride, stride);
    for (let i: i32 = 0; i < LIMBS; i++) {
      const at = group + i * VECTOR;
      const limb = v128.and(v128.load(added + i * VECTOR), mask);
      v128.store(at, i32x4.add(v128.load(at), limb));
    }
    carryLimbs(group, LIMBS - 1);
  }
}

/** third[n] + f₀·first[n] + f₁·second[n] (+ addend, where the bit of row n is set), 32 bytes for each row. */
export function checkRows(
  work: usize,
  vectors: usize,
  groups: i32,
  factors: usize,
  bits: usize,
  addend: usize,
  out: usize,
): void {
  const f0 = work + OPERAND;
  const f1 = f0 + GROUP;
  const added = f1 + GROUP;
  const length = groups * GROUP;
  const all = i32x4.splat(-1);
  broadcast(work, f0, factors);
  broadcast(work, f1, factors + 32);
  broadcast(work, added, addend);
  for (let g: i32 = 0; g < groups; g++) {
    const first = vectors + g * GROUP;
    addProduct(work, f0, first);
    addProduct(work, f1, first + length);
    addMasked(work, first + 2 * length, all);
    addMasked(work, added, maskOf(bits, g));
    reduce(work, work + RESULT);
    writeScalars(work, work + RESULT, out + 128 * g, 32);
  }
}
