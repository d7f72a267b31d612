/** R = ΣRⱼ as ECDSA uses it. */
import { isZeroScalar, reduceWide, type Scalar, scalarFromBytes } from '../arith/scalar.ts';
import { concat } from '../arith/bytes.ts';
import { encodePoint, type Point, sumPoints } from '../curve.ts';
import { LABELS } from '../label.ts';
import { abortUnless } from '../round/protocol.ts';
import { AbortError } from '../round/errors.ts';
import { hash } from '../transcript.ts';

/** The common ephemeral point and what follows from it. */
export interface NoncePoint {
  /** R.x mod q, not zero. */
  readonly r: Scalar;
  /** (R.y odd) + 2·(R.x ≥ q). */
  readonly recovery: number;
  /** 32 bytes: H(R), by which all parties see that they have the same. */
  readonly digest: Uint8Array;
}

/** [G6] R = ΣRⱼ ≠ O and r ≠ 0. */
export function combineNonces(sid: Uint8Array, nonces: readonly Point[]): NoncePoint {
  const R = sumPoints(nonces);
  if (R === null) {
    throw new AbortError({ reason: 'invalid-signature', message: 'the ephemeral points cancel' });
  }
  return describeNonce(sid, R);
}

/** r and recovery id of R; a separate function since R.x ≥ q cannot be had by chance (N-9). */
export function describeNonce(sid: Uint8Array, R: Point): NoncePoint {
  const x = R.slice(1, 33);
  const r = reduceWide(concat(new Uint8Array(16), x));
  abortUnless(!isZeroScalar(r), 'invalid-signature', 'r is zero');
  const odd = (R[64] ?? 0) & 1;
  const recovery = odd + (scalarFromBytes(x) === null ? 2 : 0);
  return { r, recovery, digest: hash(LABELS.nonceDigest, sid, encodePoint(R)) };
}
