/** Many numbers modulo q at once, as flat arrays of limbs (limbs.ts), for the rows of OT. */
import { wipe } from './bytes.ts';
import {
  addProduct,
  COLUMNS,
  carryColumns,
  finish,
  foldHigh,
  LIMBS,
  loadBytes,
  reduceProduct,
  splitColumns,
  storeBytes,
  wipeScratch,
} from './limbs.ts';
import { Q } from './scalar.ts';

/** Bytes and limbs of a wide value, which a uniform scalar is reduced from. */
const WIDE_BYTES = 48;
const WIDE_LIMBS = 16;

/** 2¹⁰·q > 2²⁶⁵: added before a subtraction of loose numbers, so that it stays positive. */
const MULTIPLE_OF_Q = Float64Array.from({ length: LIMBS + 1 }, (_, limb) =>
  Number(((Q << 10n) >> BigInt(24 * limb)) & 0xffffffn),
);

/** Reads 48-byte big-endian values into loose numbers. */
export function loadWide(bytes: Uint8Array): Float64Array {
  const count = bytes.length / WIDE_BYTES;
  const out = new Float64Array(count * LIMBS);
  const columns = new Float64Array(COLUMNS);
  for (let n = 0; n < count; n++) {
    loadBytes(columns, 0, bytes, n * WIDE_BYTES, WIDE_BYTES);
    foldHigh(columns, WIDE_LIMBS - LIMBS); // < 2²⁶⁴ + 2²⁵⁷
    splitColumns(columns, LIMBS - 1);
    carryColumns(columns, LIMBS - 1);
    for (let limb = 0; limb < LIMBS; limb++) out[n * LIMBS + limb] = columns[limb] ?? 0;
  }
  columns.fill(0);
  return out;
}

/** Reads 32-byte big-endian values into normal numbers. */
export function loadScalars(bytes: Uint8Array): Float64Array {
  const count = bytes.length / 32;
  const out = new Float64Array(count * LIMBS);
  for (let n = 0; n < count; n++) loadBytes(out, n * LIMBS, bytes, n * 32, 32);
  return out;
}

/** Σ factors[n]·bit n of `bits`; 32 bytes. */
export function selectedSum(factors: Float64Array, bits: Uint8Array): Uint8Array {
  const columns = new Float64Array(COLUMNS);
  for (let n = 0; n < bits.length * 8; n++) {
    const bit = ((bits[n >> 3] ?? 0) >> (n & 7)) & 1;
    for (let limb = 0; limb < LIMBS; limb++) {
      columns[limb] = (columns[limb] ?? 0) + bit * (factors[n * LIMBS + limb] ?? 0);
    }
  }
  return stored(columns);
}

/** Σₙ factors[n]·rows[n][column] of rows of `width` numbers; 32 bytes. */
export function dotColumn(
  factors: Float64Array,
  rows: Float64Array,
  width: number,
  column: number,
): Uint8Array {
  const columns = new Float64Array(COLUMNS);
  const count = factors.length / LIMBS;
  for (let n = 0; n < count; n++) {
    addProduct(columns, factors, n * LIMBS, rows, (n * width + column) * LIMBS);
    if ((n & 1) === 1) splitColumns(columns, COLUMNS - 2); // two products fit below 2⁵³
  }
  return stored(columns);
}

const stored = (columns: Float64Array): Uint8Array => {
  const out = new Float64Array(LIMBS);
  reduceProduct(columns, out, 0);
  const bytes = new Uint8Array(32);
  storeBytes(bytes, 0, out, 0);
  wipe(columns, out);
  wipeScratch();
  return bytes;
};

/** rows[n][i] − others[n][i] + inputs[i], 32 bytes each. */
export function maskedDifferences(
  rows: Float64Array,
  others: Float64Array,
  inputs: Float64Array,
): Uint8Array {
  const bytes = new Uint8Array((rows.length / LIMBS) * 32);
  const columns = new Float64Array(COLUMNS);
  const out = new Float64Array(LIMBS);
  for (let at = 0, n = 0; at < rows.length; at += LIMBS, n++) {
    const input = at % inputs.length;
    for (let limb = 0; limb < LIMBS; limb++) {
      const difference = (rows[at + limb] ?? 0) - (others[at + limb] ?? 0);
      columns[limb] = difference + (inputs[input + limb] ?? 0) + (MULTIPLE_OF_Q[limb] ?? 0);
    }
    columns[LIMBS] = MULTIPLE_OF_Q[LIMBS] ?? 0;
    finish(columns, out, 0);
    storeBytes(bytes, n * 32, out, 0);
  }
  wipe(columns, out);
  return bytes;
}

/** rows[n][i] += bit n of `bits` · addends[n][i]; the addends are normal. */
export function addSelected(
  rows: Float64Array,
  addends: Float64Array,
  width: number,
  bits: Uint8Array,
): void {
  const stride = width * LIMBS;
  const columns = new Float64Array(LIMBS);
  for (let at = 0; at < rows.length; at += LIMBS) {
    const n = Math.floor(at / stride);
    const bit = ((bits[n >> 3] ?? 0) >> (n & 7)) & 1;
    for (let limb = 0; limb < LIMBS; limb++) {
      columns[limb] = (rows[at + limb] ?? 0) + bit * (addends[at + limb] ?? 0);
    }
    carryColumns(columns, LIMBS - 1);
    for (let limb = 0; limb < LIMBS; limb++) rows[at + limb] = columns[limb] ?? 0;
  }
  columns.fill(0);
}

/** The addend of `checkRows`: row n gets it when bit n is set. */
export interface Selected {
  readonly bits: Uint8Array;
  readonly addend: Float64Array;
}

/** rows[n][2] + Σᵢ factors[i]·rows[n][i] (+ addend, where its bit is set) of rows of 3; 32 bytes each. */
export function checkRows(
  rows: Float64Array,
  factors: Float64Array,
  selected?: Selected,
): Uint8Array {
  const count = rows.length / (3 * LIMBS);
  const bytes = new Uint8Array(count * 32);
  const columns = new Float64Array(COLUMNS);
  const out = new Float64Array(LIMBS);
  for (let n = 0; n < count; n++) {
    const at = 3 * n * LIMBS;
    const bit = ((selected?.bits[n >> 3] ?? 0) >> (n & 7)) & 1;
    for (let limb = 0; limb < LIMBS; limb++) {
      columns[limb] = (rows[at + 2 * LIMBS + limb] ?? 0) + bit * (selected?.addend[limb] ?? 0);
    }
    addProduct(columns, factors, 0, rows, at);
    addProduct(columns, factors, LIMBS, rows, at + LIMBS);
    reduceProduct(columns, out, 0);
    storeBytes(bytes, n * 32, out, 0);
  }
  wipe(columns, out);
  return bytes;
}
