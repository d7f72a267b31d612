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

/**
 * F: a point whose discrete logarithm nobody knows, by try-and-increment. Candidate `counter` is
 * x = bytes 1..32 of 33 expanded bytes, with the parity of y in bit 0 of byte 0.
 *
 * Security: variable time; every input must be public.
 */
export function hashToPoint(label: string, ...fields: readonly Uint8Array[]): Point {
  for (let counter = 0; ; counter++) {
    const candidate = expand(label, 33, ...fields, u32(counter));
    candidate[0] = 2 | ((candidate[0] ?? 0) & 1);
    const point = backend.decodePoint(candidate);
    if (point !== null) return point;
  }
}
