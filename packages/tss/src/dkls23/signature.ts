/** From partial signatures to a verified one: docs/spec/sign.md, step 4. */
import { backend } from '#backend';
import { concat } from '../arith/bytes.ts';
import {
  addScalars,
  invertScalar,
  isHighScalar,
  isZeroScalar,
  mulScalars,
  negateScalar,
  type Scalar,
} from '../arith/scalar.ts';
import { encodePoint, type Point, pointEquals } from '../curve.ts';
import { abortUnless } from '../round/protocol.ts';
import type { NoncePoint } from './nonce.ts';

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

/** s = Σw/Σu, made low, and checked by the backend's own ECDSA before anybody sees it. */
export function assemble(
  nonce: NoncePoint,
  us: readonly Scalar[],
  ws: readonly Scalar[],
  { digest, publicKey }: { digest: Uint8Array; publicKey: Point },
): Signature {
  const denominator = addScalars(...us);
  abortUnless(!isZeroScalar(denominator), 'invalid-partial-signature', 'the sum of u is zero'); // [G7]
  const full = mulScalars(addScalars(...ws), invertScalar(denominator));
  abortUnless(!isZeroScalar(full), 'invalid-partial-signature', 's is zero');
  const high = isHighScalar(full); // [G8]
  const s = high ? negateScalar(full) : full;
  const recovery = high ? nonce.recovery ^ 1 : nonce.recovery;
  const compact = concat(nonce.r, s);
  const recovered = backend.ecdsaRecover(compact, recovery, digest); // [G9]
  const valid =
    backend.ecdsaVerify(compact, digest, publicKey) &&
    recovered !== null &&
    pointEquals(recovered, publicKey);
  abortUnless(
    valid,
    'invalid-signature',
    'the signature does not verify; who spoilt it is unknown',
  );
  return {
    r: nonce.r,
    s,
    recovery,
    bytes: concat(compact, new Uint8Array([27 + recovery])),
    publicKey: encodePoint(publicKey),
  };
}
