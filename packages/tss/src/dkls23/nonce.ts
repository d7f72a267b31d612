/** R = ΣRⱼ as ECDSA uses it. */
import { encodePoint, type Point, sumPoints } from '../curve.ts';
import { LABELS } from '../label.ts';
import { AbortError } from '../round/errors.ts';
import { type NonceImage, nonceImage } from '../signature.ts';
import { hash } from '../transcript.ts';

/** The common ephemeral point, and the values that follow from it. */
export interface NoncePoint extends NonceImage {
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

/** r, recovery id and hash of R. */
export function describeNonce(sid: Uint8Array, R: Point): NoncePoint {
  const image = nonceImage(R);
  if (image === null) throw new AbortError({ reason: 'invalid-signature', message: 'r is zero' });
  return { ...image, digest: hash(LABELS.nonceDigest, sid, encodePoint(R)) };
}
