/** The digest that is signed: its bounds, and the number that it stands for. */
import { concat } from './arith/bytes.ts';
import { isZeroScalar, reduceWide, type Scalar } from './arith/scalar.ts';
import { InputError } from './round/errors.ts';

/** @throws InputError `input/digest-length`, `input/digest-zero` */
export function checkDigest(digest: Uint8Array): void {
  if (digest.length !== 32) {
    throw new InputError('input/digest-length', `digest of ${digest.length} bytes, 32 expected`);
  }
  if (isZeroScalar(digestScalar(digest))) {
    throw new InputError('input/digest-zero', 'digest is zero modulo the group order');
  }
}

/** m: the digest as a number, reduced once (N-8). */
export function digestScalar(digest: Uint8Array): Scalar {
  return reduceWide(concat(new Uint8Array(16), digest));
}
