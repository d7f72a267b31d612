/**
 * Schnorr proof of knowledge of a discrete logarithm, with the first message made ahead so that it
 * can be committed to before anything is revealed.
 *
 * `A = a·G, e = H(sid, prover, context, P, A), z = a + e·x`.
 */
import { concat, u16 } from './arith/bytes.ts';
import { addScalars, mulScalars, randomScalar, reduceWide, type Scalar } from './arith/scalar.ts';
import { encodePoint, mulBase, mulPublic, type Point, pointEquals, sumPoints } from './curve.ts';
import { LABELS } from './label.ts';
import type { Rng } from './rng.ts';
import { withTemporaries } from './secrets.ts';
import { expand } from './transcript.ts';

/** The context that binds a proof; elsewhere the same proof means nothing (F-2). */
export interface ProofContext {
  /** 32 bytes. */
  readonly sessionId: Uint8Array;
  readonly prover: number;
  /** Tells the statements of a prover apart: round, position, and everything else that one depends on. */
  readonly context: Uint8Array;
}

/** First message and its secret. */
export interface SchnorrNonce {
  /** Secret, used for one proof. Security: used twice, it reveals the witness. */
  readonly a: Scalar;
  readonly A: Point;
}

/** Draws the first message of a proof. */
export function schnorrNonce(rng: Rng): SchnorrNonce {
  const a = randomScalar(rng);
  return { a, A: mulBase(a) };
}

/** Answers the challenge of a proof that `P = x·G` is known; consumes the nonce. */
export function proveSchnorr(
  bound: ProofContext,
  x: Scalar,
  P: Point,
  nonce: SchnorrNonce,
): Scalar {
  return withTemporaries((temporary) => {
    const product = temporary(mulScalars(challenge(bound, P, nonce.A), x));
    return addScalars(temporary(nonce.a), product); // z = a + e·x
  });
}

/** Whether z·G = A + e·P for the challenge of exactly this statement, session and prover; z ≠ 0. */
export function verifySchnorr(bound: ProofContext, P: Point, A: Point, z: Scalar): boolean {
  const right = sumPoints([A, mulPublic(P, challenge(bound, P, A))]);
  return right !== null && pointEquals(mulBase(z), right);
}

const challenge = ({ sessionId, prover, context }: ProofContext, P: Point, A: Point): Scalar =>
  reduceWide(
    expand(
      LABELS.schnorr,
      48,
      sessionId,
      u16(prover),
      context,
      concat(encodePoint(P), encodePoint(A)),
    ),
  );
