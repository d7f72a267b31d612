/**
 * The integers modulo q, the order of secp256k1. The same code on every backend; constant time as far
 * as the engine's number arithmetic is (SECURITY.md).
 */
import { equalBytes, wipe } from './bytes.ts';
import {
  addProduct,
  COLUMNS,
  finish,
  LIMBS,
  loadBytes,
  reduceProduct,
  storeBytes,
  wipeScratch,
} from './limbs.ts';

declare const scalarBrand: unique symbol;

/** 32 bytes, big-endian, 0 ≤ value < q. */
export type Scalar = Uint8Array & { readonly [scalarBrand]: 'Scalar' };

/** q: the order of the group of secp256k1. */
export const Q: bigint = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const bytesOfQ = (): Uint8Array => {
  const hex = Q.toString(16);
  return Uint8Array.from({ length: 32 }, (_, at) =>
    Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16),
  );
};
const Q_BYTES = bytesOfQ();
const ZERO = new Uint8Array(32);

const brand = (bytes: Uint8Array): Scalar => bytes as Scalar;

/** Computes one scalar from the limbs of others; wipes all limbs that it used. */
const compute = (
  operands: readonly Uint8Array[],
  body: (columns: Float64Array, out: Float64Array, limbs: readonly Float64Array[]) => void,
): Scalar => {
  const limbs = operands.map((operand) => {
    const loaded = new Float64Array(COLUMNS);
    loadBytes(loaded, 0, operand, 0, operand.length);
    return loaded;
  });
  const columns = new Float64Array(COLUMNS);
  const out = new Float64Array(LIMBS);
  body(columns, out, limbs);
  const bytes = new Uint8Array(32);
  storeBytes(bytes, 0, out, 0);
  wipe(columns, out, ...limbs);
  wipeScratch();
  return brand(bytes);
};

/** 1 if a < b as big-endian numbers of equal length, else 0; constant time. */
const isLess = (a: Uint8Array, b: Uint8Array): number => {
  let borrow = 0;
  for (let at = a.length - 1; at >= 0; at--) {
    borrow = ((a[at] ?? 0) - (b[at] ?? 0) - borrow) >>> 31;
  }
  return borrow;
};

/** Copies 32 canonical big-endian bytes; null for another length or a value of q or more. */
export function scalarFromBytes(bytes: Uint8Array): Scalar | null {
  if (bytes.length !== 32 || isLess(bytes, Q_BYTES) === 0) return null;
  return brand(new Uint8Array(bytes));
}

/** A small number as a scalar. @throws RangeError unless it is an integer, 0 ≤ value < 2⁵³ */
export function scalarFromNumber(value: number): Scalar {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not a natural`);
  const bytes = new Uint8Array(32);
  let rest = value;
  for (let at = 31; rest > 0; at--) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return brand(bytes);
}

/** 32 to 64 big-endian bytes modulo q; from 48 on, uniform bytes give a uniform scalar. */
export function reduceWide(bytes: Uint8Array): Scalar {
  if (bytes.length < 32 || bytes.length > 64) {
    throw new RangeError(`${bytes.length} bytes to reduce, 32..64 expected`);
  }
  return compute([bytes], (_, out, [wide = unreachable()]) => reduceProduct(wide, out, 0));
}

/** Random bytes that a scalar is drawn from. */
export const SCALAR_DRAW = 48;

/** A uniform scalar that is not zero, from 48 random bytes. */
export function randomScalar(rng: (length: number) => Uint8Array): Scalar {
  for (;;) {
    const bytes = rng(SCALAR_DRAW);
    const scalar = reduceWide(bytes);
    bytes.fill(0);
    if (!isZeroScalar(scalar)) return scalar;
  }
}

/** Σ scalars; zero for none. */
export function addScalars(...scalars: readonly Scalar[]): Scalar {
  return compute(scalars, (columns, out, limbs) => {
    for (const scalar of limbs) {
      for (let at = 0; at < LIMBS; at++) columns[at] = (columns[at] ?? 0) + (scalar[at] ?? 0);
    }
    reduceProduct(columns, out, 0);
  });
}

/** a − b. */
export function subScalars(a: Scalar, b: Scalar): Scalar {
  return compute([a, b, Q_BYTES], (columns, out, [left, right, q]) => {
    for (let at = 0; at < LIMBS; at++) {
      columns[at] = (left?.[at] ?? 0) + (q?.[at] ?? 0) - (right?.[at] ?? 0); // a + q − b
    }
    finish(columns, out, 0);
  });
}

/** −a. */
export function negateScalar(a: Scalar): Scalar {
  return subScalars(brand(ZERO), a);
}

/** a·b. */
export function mulScalars(a: Scalar, b: Scalar): Scalar {
  return compute([a, b], (columns, out, [left = unreachable(), right = unreachable()]) => {
    addProduct(columns, left, 0, right, 0);
    reduceProduct(columns, out, 0);
  });
}

/** a⁻¹ = a^(q−2). @throws RangeError for zero */
export function invertScalar(a: Scalar): Scalar {
  if (isZeroScalar(a)) throw new RangeError('zero has no inverse');
  return compute([a], (columns, power, [base = unreachable()]) => {
    power[0] = 1;
    for (const bit of (Q - 2n).toString(2)) {
      addProduct(columns, power, 0, power, 0);
      reduceProduct(columns, power, 0);
      if (bit === '0') continue; // the exponent is public
      addProduct(columns, power, 0, base, 0);
      reduceProduct(columns, power, 0);
    }
  });
}

const unreachable = (): never => {
  throw new Error('unreachable: every operand has limbs');
};

/** Whether the scalar is zero. */
export function isZeroScalar(a: Scalar): boolean {
  return equalBytes(a, ZERO);
}

/** Whether a > q/2: the half that a signature's s may not be in. */
export function isHighScalar(a: Scalar): boolean {
  return isLess(negateScalar(a), a) === 1;
}
