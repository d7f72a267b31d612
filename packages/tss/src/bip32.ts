/**
 * Public, non-hardened BIP32 derivation on (public key, chain code), as a sum of tweaks that the
 * signers add to their shares. Source: BIP32, "Public parent key → public child key".
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concat, u32 } from './arith/bytes.ts';
import {
  addScalars,
  isZeroScalar,
  type Scalar,
  scalarFromBytes,
  scalarFromNumber,
} from './arith/scalar.ts';
import { encodePoint, mulBase, type Point, sumPoints } from './curve.ts';
import { InputError } from './round/errors.ts';

/** Hardened indices start here; they need the private key, which nobody has. */
export const HARDENED = 0x80000000;

/** Most steps that a path may have. */
export const MAX_DEPTH = 16;

/** A derived key. */
export interface DerivedKey {
  readonly publicKey: Point;
  /** 32 bytes. */
  readonly chainCode: Uint8Array;
  /** τ with child = parent + τ·G; zero for the empty path. */
  readonly tweak: Scalar;
}

/** @throws InputError `input/path` unless it is a list of at most MAX_DEPTH indices that need no private key */
export function checkPath(path: readonly number[]): void {
  if (!Array.isArray(path)) throw new InputError('input/path', 'a path is a list of indices');
  if (path.length > MAX_DEPTH) {
    throw new InputError('input/path', `path of ${path.length} steps, at most ${MAX_DEPTH}`);
  }
  for (const index of path as readonly unknown[]) {
    const derivable = Number.isInteger(index) && Number(index) >= 0 && Number(index) < HARDENED;
    if (derivable) continue;
    const problem = `index ${String(index)} not in 0..${HARDENED - 1} (not hardened)`;
    throw new InputError('input/path', problem);
  }
}

/**
 * Derives along a path of indices below 2³¹.
 *
 * @throws InputError `input/path` for a hardened or invalid index, a path that is too long, and the
 * indices without a key (probability 2⁻¹²⁷, BIP32 says to take the next).
 */
export function derivePublic(
  publicKey: Point,
  chainCode: Uint8Array,
  path: readonly number[],
): DerivedKey {
  checkPath(path);
  let key: DerivedKey = { publicKey, chainCode, tweak: scalarFromNumber(0) };
  for (const index of path) key = child(key, index);
  return key;
}

const child = (parent: DerivedKey, index: number): DerivedKey => {
  const I = hmac(sha512, parent.chainCode, concat(encodePoint(parent.publicKey), u32(index)));
  const left = scalarFromBytes(I.slice(0, 32)); // IL < q
  const publicKey =
    left === null || isZeroScalar(left) ? null : sumPoints([parent.publicKey, mulBase(left)]);
  if (left === null || publicKey === null) {
    throw new InputError('input/path', `index ${index} has no key, take the next`);
  }
  return { publicKey, chainCode: I.slice(32), tweak: addScalars(parent.tweak, left) };
};
