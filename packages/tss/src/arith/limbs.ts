/**
 * Arithmetic modulo q on numbers of eleven 24-bit limbs, little-endian, in Float64Array: a product of
 * limbs is below 2⁴⁸, so that a column of eleven of them stays exact (below 2⁵³). Bounds of loops
 * are public; no branch, index or early exit depends on a value.
 *
 * q = 2²⁵⁶ − c. A number is *normal* when its limbs are below 2²⁴, *canonical* when it is also below
 * q, *loose* when it is below 2²⁶⁴ + 2²⁵⁸ and only its last limb may have 25 bits. A product lives in
 * `COLUMNS` columns, which are sums of limb products until they are carried.
 */

/** Limbs of a number below 2²⁶⁴. */
export const LIMBS = 11;

/** Columns of a product, with room for carries. */
export const COLUMNS = 24;

const RADIX = 0x1000000;
const INVERSE = 1 / RADIX;
const MASK = 0xffffff;

/** c ≡ 2²⁵⁶, 129 bits. */
const C = Float64Array.of(0xc9bebf, 0xa1732f, 0xc4402d, 0x50b75f, 0x512319, 0x000145);

/** Scratch of `foldHigh` and `finish`; overwritten by every call. */
const high = new Float64Array(COLUMNS - LIMBS);
const reduced = new Int32Array(LIMBS);

/** Overwrites what the last reduction left behind. */
export function wipeScratch(): void {
  high.fill(0);
  reduced.fill(0);
}

/** Reads `length` big-endian bytes into normal limbs from `to` on; the rest of `out` is untouched. */
export function loadBytes(
  out: Float64Array,
  to: number,
  bytes: Uint8Array,
  from: number,
  length: number,
): void {
  const whole = Math.floor(length / 3);
  let at = from + length - 1;
  for (let limb = 0; limb < whole; limb++, at -= 3) {
    out[to + limb] = (bytes[at] ?? 0) | ((bytes[at - 1] ?? 0) << 8) | ((bytes[at - 2] ?? 0) << 16);
  }
  if (length % 3 === 1) out[to + whole] = bytes[at] ?? 0;
  if (length % 3 === 2) out[to + whole] = (bytes[at] ?? 0) | ((bytes[at - 1] ?? 0) << 8);
}

/** Writes a canonical number as 32 bytes, big-endian. */
export function storeBytes(bytes: Uint8Array, to: number, x: Float64Array, from: number): void {
  for (let limb = 0; limb < LIMBS - 1; limb++) {
    const value = (x[from + limb] ?? 0) | 0;
    const at = to + 31 - 3 * limb;
    bytes[at] = value;
    bytes[at - 1] = value >> 8;
    bytes[at - 2] = value >> 16;
  }
  const value = (x[from + LIMBS - 1] ?? 0) | 0;
  bytes[to + 1] = value;
  bytes[to] = value >> 8;
}

/**
 * columns += a·b; a and b normal or loose. Row i of the product is added while ten partial columns slide
 * along in locals: column i is complete after row i.
 */
export function addProduct(
  columns: Float64Array,
  a: Float64Array,
  aFrom: number,
  b: Float64Array,
  bFrom: number,
): void {
  const b0 = b[bFrom + 0] ?? 0;
  const b1 = b[bFrom + 1] ?? 0;
  const b2 = b[bFrom + 2] ?? 0;
  const b3 = b[bFrom + 3] ?? 0;
  const b4 = b[bFrom + 4] ?? 0;
  const b5 = b[bFrom + 5] ?? 0;
  const b6 = b[bFrom + 6] ?? 0;
  const b7 = b[bFrom + 7] ?? 0;
  const b8 = b[bFrom + 8] ?? 0;
  const b9 = b[bFrom + 9] ?? 0;
  const b10 = b[bFrom + 10] ?? 0;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let s4 = 0;
  let s5 = 0;
  let s6 = 0;
  let s7 = 0;
  let s8 = 0;
  let s9 = 0;
  for (let i = 0; i < LIMBS; i++) {
    const factor = a[aFrom + i] ?? 0;
    columns[i] = (columns[i] ?? 0) + s0 + factor * b0;
    s0 = s1 + factor * b1;
    s1 = s2 + factor * b2;
    s2 = s3 + factor * b3;
    s3 = s4 + factor * b4;
    s4 = s5 + factor * b5;
    s5 = s6 + factor * b6;
    s6 = s7 + factor * b7;
    s7 = s8 + factor * b8;
    s8 = s9 + factor * b9;
    s9 = factor * b10;
  }
  columns[LIMBS + 0] = (columns[LIMBS + 0] ?? 0) + s0;
  columns[LIMBS + 1] = (columns[LIMBS + 1] ?? 0) + s1;
  columns[LIMBS + 2] = (columns[LIMBS + 2] ?? 0) + s2;
  columns[LIMBS + 3] = (columns[LIMBS + 3] ?? 0) + s3;
  columns[LIMBS + 4] = (columns[LIMBS + 4] ?? 0) + s4;
  columns[LIMBS + 5] = (columns[LIMBS + 5] ?? 0) + s5;
  columns[LIMBS + 6] = (columns[LIMBS + 6] ?? 0) + s6;
  columns[LIMBS + 7] = (columns[LIMBS + 7] ?? 0) + s7;
  columns[LIMBS + 8] = (columns[LIMBS + 8] ?? 0) + s8;
  columns[LIMBS + 9] = (columns[LIMBS + 9] ?? 0) + s9;
}

/** Moves what is above 24 bits of each of the first `count` columns one column up: all below 2³⁰. */
export function splitColumns(columns: Float64Array, count: number): void {
  for (let at = count - 1; at >= 0; at--) {
    const value = columns[at] ?? 0;
    const carry = Math.floor(value * INVERSE);
    columns[at] = value - carry * RADIX;
    columns[at + 1] = (columns[at + 1] ?? 0) + carry;
  }
}

/** Makes the first `count` columns normal, carrying into the next. Columns of magnitude below 2³⁰. */
export function carryColumns(columns: Float64Array, count: number): void {
  let carry = 0;
  for (let at = 0; at < count; at++) {
    const value = ((columns[at] ?? 0) | 0) + carry;
    columns[at] = value & MASK;
    carry = value >> 24;
  }
  columns[count] = (columns[count] ?? 0) + carry;
}

/** Replaces the `count` normal limbs from 2²⁶⁴ on by their multiple of 2⁸·c ≡ 2²⁶⁴ (137 bits). */
export function foldHigh(columns: Float64Array, count: number): void {
  for (let i = 0; i < count; i++) {
    high[i] = columns[LIMBS + i] ?? 0;
    columns[LIMBS + i] = 0;
  }
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let s4 = 0;
  for (let i = 0; i < count; i++) {
    const factor = high[i] ?? 0;
    columns[i] = (columns[i] ?? 0) + s0 + factor * 0xbebf00;
    s0 = s1 + factor * 0x732fc9;
    s1 = s2 + factor * 0x402da1;
    s2 = s3 + factor * 0xb75fc4;
    s3 = s4 + factor * 0x231950;
    s4 = factor * 0x014551;
  }
  columns[count] = (columns[count] ?? 0) + s0;
  columns[count + 1] = (columns[count + 1] ?? 0) + s1;
  columns[count + 2] = (columns[count + 2] ?? 0) + s2;
  columns[count + 3] = (columns[count + 3] ?? 0) + s3;
  columns[count + 4] = (columns[count + 4] ?? 0) + s4;
}

/** Reduces a sum of products below 2⁵³⁸ (columns below 2⁵³) modulo q; wipes the columns. */
export function reduceProduct(columns: Float64Array, out: Float64Array, to: number): void {
  splitColumns(columns, 22);
  carryColumns(columns, 23);
  foldHigh(columns, 12); // < 2²⁶⁴ + 2⁴¹¹
  splitColumns(columns, 17);
  carryColumns(columns, 18);
  foldHigh(columns, 7); // < 2²⁶⁴ + 2²⁸⁴
  splitColumns(columns, 12);
  finish(columns, out, to);
}

/**
 * Reduces to canonical a number 0 ≤ x ≤ 2²⁸⁴ + 2²⁶⁴ in 12 columns of magnitude below 2³⁰; wipes them.
 */
export function finish(columns: Float64Array, out: Float64Array, to: number): void {
  carryColumns(columns, 11);
  // x = top·2²⁵⁶ + rest ≡ top·c + rest < 2²⁵⁶ + 2¹⁵⁸
  const last = (columns[10] ?? 0) | 0;
  const top = (columns[11] ?? 0) * 256 + (last >> 16);
  columns[10] = last & 0xffff;
  columns[11] = 0;
  for (let j = 0; j < 6; j++) columns[j] = (columns[j] ?? 0) + top * (C[j] ?? 0);
  splitColumns(columns, 6);
  carryColumns(columns, 10);
  // x ≥ q exactly if x + c ≥ 2²⁵⁶; then x − q is x + c without that bit.
  let carry = 0;
  for (let limb = 0; limb < LIMBS; limb++) {
    const value = ((columns[limb] ?? 0) | 0) + (limb < 6 ? (C[limb] ?? 0) | 0 : 0) + carry;
    reduced[limb] = value & MASK;
    carry = value >> 24;
  }
  const overflow = (reduced[LIMBS - 1] ?? 0) >> 16;
  reduced[LIMBS - 1] = (reduced[LIMBS - 1] ?? 0) & 0xffff;
  for (let limb = 0; limb < LIMBS; limb++) {
    const value = (columns[limb] ?? 0) | 0;
    out[to + limb] = value ^ ((value ^ (reduced[limb] ?? 0)) & -overflow);
    columns[limb] = 0;
  }
}
