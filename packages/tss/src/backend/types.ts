/**
 * The primitives that the protocols ask of a platform. Two implementations give the same bytes: native.ts
 * (Node) and portable.ts (everywhere); package.json `imports` chooses.
 */
import type { Scalar } from '../arith/scalar.ts';
import type { ModularBackend } from './modular.ts';

declare const pointBrand: unique symbol;

/** A point of secp256k1 other than the identity: 65 bytes, 04 ‖ x ‖ y, known to be on the curve. */
export type Point = Uint8Array & { readonly [pointBrand]: 'Point' };

/** Primitives of a platform. Inputs are never modified; outputs are fresh. */
export interface Backend extends ModularBackend {
  readonly name: 'native' | 'portable';
  /** Reads the operating system's generator anew. @throws if it fails; there is no fallback */
  randomBytes(length: number): Uint8Array;
  /** SHA-256 of the parts in a row. */
  sha256(...parts: readonly Uint8Array[]): Uint8Array;
  /** HMAC-SHA-512, 64 bytes. */
  sha512hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
  /** HMAC-SHA-256, 32 bytes. */
  hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
  /** SHAKE256 of the parts in a row. */
  shake256(length: number, ...parts: readonly Uint8Array[]): Uint8Array;
  /**
   * AES-128 under one key: of each 16-byte block on its own, no padding. The key is expanded once.
   *
   * @throws RangeError for another length of the key, and on a partial block
   */
  aes128(key: Uint8Array): (blocks: Uint8Array) => Uint8Array;
  /** secret·G, constant time. @throws RangeError unless 0 < secret < q */
  mulBase(secret: Scalar): Point;
  /** secret·point, constant time. @throws RangeError unless 0 < secret < q and the point is one */
  mul(point: Point, secret: Scalar): Point;
  /** scalar·point. Security: variable time, for public scalars only. @throws RangeError as `mul` */
  mulPublic(point: Point, scalar: Scalar): Point;
  /** Σ points; null for the identity. @throws RangeError if one of them is not on the curve */
  sum(points: readonly Point[]): Point | null;
  /** −point. */
  negate(point: Point): Point;
  /** Reads 33 bytes; null unless canonical and on the curve. The identity has no encoding. */
  decodePoint(bytes: Uint8Array): Point | null;
  /** The first of the 33-byte candidates in a row that `decodePoint` takes, or null. */
  firstPoint(candidates: Uint8Array): Point | null;
  /** 33 bytes, SEC1 compressed. */
  encodePoint(point: Point): Uint8Array;
  /**
   * The one public key under which r ‖ s verifies with the ephemeral point that r and the recovery id (0..3) name,
   * or null: for a value or an id out of range, another length, and an r that is no x. A high s is taken.
   */
  ecdsaRecover(signature: Uint8Array, recovery: number, digest: Uint8Array): Point | null;
}

/** The message of a multiplication that refuses its scalar or point. */
export const MULTIPLICATION_RANGE = 'scalar not in 1..q-1, or point not on the curve';

/** (y odd) + 2·(x ≥ q) of the nonce's point. */
export const RECOVERY_IDS: readonly number[] = [0, 1, 2, 3];

/** Compresses 04 ‖ x ‖ y. */
export function compressPoint(point: Point): Uint8Array {
  const bytes = point.slice(0, 33);
  bytes[0] = 2 | ((point[64] ?? 0) & 1);
  return bytes;
}
