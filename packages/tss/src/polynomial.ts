/**
 * Shamir sharing over the scalars and Feldman's commitments to it.
 *
 * Indices are 1..n, the Shamir x-coordinates (D-4); a polynomial of degree t−1 has
 * exactly t coefficients (D-1).
 */
import { invert, naturalToBytes } from './arith/integers.ts';
import {
  addScalars,
  mulScalars,
  Q,
  randomScalar,
  type Scalar,
  scalarFromBytes,
  scalarFromNumber,
} from './arith/scalar.ts';
import { mulBase, mulPublic, type Point, sumPoints } from './curve.ts';
import type { Rng } from './rng.ts';
import { withTemporaries } from './secrets.ts';

/** Coefficients of f, constant term first. Secret. */
export type Polynomial = readonly Scalar[];

/** Draws a polynomial with that many coefficients, none of them zero. */
export function samplePolynomial(coefficients: number, rng: Rng): Polynomial {
  return Array.from({ length: coefficients }, () => randomScalar(rng));
}

/** f(x) for a party index x. Secret. */
export function evaluate(f: Polynomial, x: number): Scalar {
  const at = scalarFromNumber(x);
  return withTemporaries((temporary) => {
    const step = (sum: Scalar, coefficient: Scalar): Scalar =>
      addScalars(temporary(mulScalars(temporary(sum), at)), coefficient);
    return f.reduceRight(step, zero());
  });
}

/** F[k] = f[k]·G. */
export function inExponent(f: Polynomial): Point[] {
  return f.map(mulBase);
}

/** f(x)·G = Σₖ xᵏ·F[k], or null for the identity. */
export function evaluateInExponent(F: readonly Point[], x: number): Point | null {
  const at = scalarFromNumber(x);
  let sum: Point | null = null;
  for (const coefficient of F.toReversed()) {
    const shifted: Point | null = sum === null || x === 1 ? sum : mulPublic(sum, at);
    sum = shifted === null ? coefficient : sumPoints([shifted, coefficient]);
  }
  return sum;
}

/** Adds committed polynomials of equal length; null where a coefficient becomes the identity. */
export function sumInExponent(polynomials: readonly (readonly Point[])[]): Point[] | null {
  const [first = []] = polynomials;
  const sums = first.map((_, k) => sumPoints(polynomials.flatMap((F) => F.slice(k, k + 1))));
  return sums.every((sum) => sum !== null) ? sums : null;
}

/**
 * λᵢ(S) = Πⱼ j/(j−i) over j ∈ S, j ≠ i: the weight of share i when S interpolates at zero. Everybody knows the
 * indices, so the inverse need not be constant-time.
 */
export function lagrange(signers: readonly number[], index: number): Scalar {
  let above = 1n;
  let below = 1n;
  for (const other of signers) {
    if (other === index) continue;
    above *= BigInt(other);
    below *= BigInt(other - index);
  }
  const inverse = invert(((below % Q) + Q) % Q, Q);
  const weight =
    inverse === null ? null : scalarFromBytes(naturalToBytes((above * inverse) % Q, 32));
  if (weight === null) throw new Error('unreachable: the product of small differences is a unit');
  return weight;
}

/** Σ λⱼ·Sⱼ over the given shares, or null if the sum is the identity. */
export function interpolateInExponent(shares: ReadonlyMap<number, Point>): Point | null {
  const signers = [...shares.keys()];
  return sumPoints([...shares].map(([j, share]) => mulPublic(share, lagrange(signers, j))));
}

const zero = (): Scalar => scalarFromNumber(0);
