/** The last step of every protocol: an ECDSA signature with low s and recovery id, verified. */
import { backend } from '#backend';
import { concat } from './arith/bytes.ts';
import {
  isHighScalar,
  isZeroScalar,
  negateScalar,
  reduceWide,
  type Scalar,
  scalarFromBytes,
} from './arith/scalar.ts';
import { encodePoint, type Point, pointEquals } from './curve.ts';

/** An ECDSA signature with low s. */
export interface Signature {
  /** 32 bytes. */
  readonly r: Uint8Array;
  /** 32 bytes, at most half the group order. */
  readonly s: Uint8Array;
  /** 0..3: parity of R.y, plus 2 where R.x is not below the group order. */
  readonly recovery: number;
  /** 65 bytes: r ‖ s ‖ v with v = 27 + recovery. Ethereum knows only 27 and 28. */
  readonly bytes: Uint8Array;
  /** The key that it verifies under (the derived one, if a path was given). 33 bytes. */
  readonly publicKey: Uint8Array;
}

/** The part of the ephemeral point R that ECDSA uses. */
export interface NonceImage {
  /** R.x mod q, not zero. */
  readonly r: Scalar;
  /** (R.y odd) + 2·(R.x ≥ q). */
  readonly recovery: number;
}

/** r and recovery id of R; null where r = 0. Apart, since R.x ≥ q cannot be had by chance (N-9). */
export function nonceImage(R: Point): NonceImage | null {
  const x = R.slice(1, 33);
  const r = reduceWide(concat(new Uint8Array(16), x));
  if (isZeroScalar(r)) return null;
  const odd = (R[64] ?? 0) & 1;
  return { r, recovery: odd + (scalarFromBytes(x) === null ? 2 : 0) };
}

/**
 * s ≠ 0 made low [G8], and checked before anybody sees it [G9]: the backend's own ECDSA recovers the signer's
 * key from r, s and the recovery id, and it must be this key. A signature recovers a key exactly if it verifies
 * under it with that ephemeral point. Null for another key.
 */
export function completeSignature(
  nonce: NonceImage,
  full: Scalar,
  { digest, publicKey }: { readonly digest: Uint8Array; readonly publicKey: Point },
): Signature | null {
  const high = isHighScalar(full);
  const s = high ? negateScalar(full) : full;
  const recovery = high ? nonce.recovery ^ 1 : nonce.recovery;
  const compact = concat(nonce.r, s);
  const recovered = backend.ecdsaRecover(compact, recovery, digest);
  if (recovered === null || !pointEquals(recovered, publicKey)) return null;
  return {
    r: nonce.r,
    s,
    recovery,
    bytes: concat(compact, new Uint8Array([27 + recovery])),
    publicKey: encodePoint(publicKey),
  };
}
