/** Between scalars, which the curve takes, and integers, which Paillier takes. */
import { concat } from '../arith/bytes.ts';
import { naturalFromBytes, naturalToBytes } from '../arith/integers.ts';
import { addScalars, type Scalar } from '../arith/scalar.ts';
import type { PrimePair } from '../primes.ts';
import type { ModulusBits } from '../zk/parameters.ts';

/** The integer 0 ≤ n < q of a scalar. */
export const integerOf = (scalar: Scalar): bigint => naturalFromBytes(scalar);

/** The same scalar in memory of its own. */
export const copyScalar = (scalar: Scalar): Scalar => addScalars(scalar);

/** p ‖ q as a keyshare of `bits` keeps them. Secret. */
export const encodePrimes = ([p, q]: PrimePair, bits: ModulusBits): Uint8Array =>
  concat(naturalToBytes(p, bits / 16), naturalToBytes(q, bits / 16));
