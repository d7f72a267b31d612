/** From partial signatures to a verified one: docs/spec/sign.md, step 4. */
import {
  addScalars,
  invertScalar,
  isZeroScalar,
  mulScalars,
  type Scalar,
} from '../arith/scalar.ts';
import type { Point } from '../curve.ts';
import { AbortError } from '../round/errors.ts';
import { abortUnless } from '../round/protocol.ts';
import { completeSignature, type NonceImage, type Signature } from '../signature.ts';

/** s = Σw/Σu, made low, and checked by the backend's own ECDSA before anybody sees it. */
export function assemble(
  nonce: NonceImage,
  us: readonly Scalar[],
  ws: readonly Scalar[],
  statement: { digest: Uint8Array; publicKey: Point },
): Signature {
  const denominator = addScalars(...us);
  abortUnless(!isZeroScalar(denominator), 'invalid-partial-signature', 'the sum of u is zero'); // [G7]
  const full = mulScalars(addScalars(...ws), invertScalar(denominator));
  abortUnless(!isZeroScalar(full), 'invalid-partial-signature', 's is zero');
  const signature = completeSignature(nonce, full, statement); // [G8] [G9]
  if (signature !== null) return signature;
  throw new AbortError({
    reason: 'invalid-signature',
    message: 'the signature does not verify; who spoilt it is unknown',
  });
}
