/** Points of secp256k1, and the oracle F into the curve: docs/spec/ot.md, "Oracles". */
import { backend } from '#backend';
import { equalBytes, u32 } from './arith/bytes.ts';
import { type Scalar, scalarFromNumber } from './arith/scalar.ts';
import type { Point } from './backend/types.ts';
import { expand } from './transcript.ts';

export type { Scalar } from './arith/scalar.ts';
export type { Point } from './backend/types.ts';

/** The generator. */
export const G: Point = backend.mulBase(scalarFromNumber(1));

/** secret·G, constant time. @throws RangeError for zero */
export const mulBase = (secret: Scalar): Point => backend.mulBase(secret);

/** secret·point, constant time. @throws RangeError for zero */
export const mul = (point: Point, secret: Scalar): Point => backend.mul(point, secret);

/** scalar·point. Security: variable time, for public scalars only. @throws RangeError for zero */
export const mulPublic = (point: Point, scalar: Scalar): Point => backend.mulPublic(point, scalar);

/** Σ points; null for the identity. */
export const sumPoints = (points: readonly Point[]): Point | null => backend.sum(points);

/** −point. */
export const negatePoint = (point: Point): Point => backend.negate(point);

/** Whether two points are the same; constant time. */
export const pointEquals = (a: Point, b: Point): boolean => equalBytes(a, b);

/** Reads 33 bytes, SEC1 compressed; null unless they are a point other than the identity. */
export const decodePoint = (bytes: Uint8Array): Point | null => backend.decodePoint(bytes);

/** 33 bytes, SEC1 compressed. */
export const encodePoint = (point: Point): Uint8Array => backend.encodePoint(point);

/** Candidates that one call of the expansion gives: a block of SHAKE256 has 136 bytes. */
const CANDIDATES = 4;

/**
 * F: a point whose discrete logarithm nobody knows, by try-and-increment. A candidate is 33 bytes:
 * bit 0 of the first is the parity of y, the others are x; four come from each counter.
 *
 * Security: variable time. Whoever calls it for a secret choice must hide which of its inputs it took.
 */
export function hashToPoint(label: string, ...fields: readonly Uint8Array[]): Point {
  for (let counter = 0; ; counter++) {
    const block = expand(label, 33 * CANDIDATES, ...fields, u32(counter));
    for (let at = 0; at < block.length; at += 33) block[at] = 2 | ((block[at] ?? 0) & 1);
    const point = backend.firstPoint(block);
    if (point !== null) return point;
  }
}
