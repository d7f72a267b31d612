/** From all dealings to the key: docs/spec/keygen.md, steps 4–6. */
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { backend } from '#backend';
import { concat, equalBytes, u16 } from '../arith/bytes.ts';
import { addScalars, isZeroScalar, type Scalar } from '../arith/scalar.ts';
import { encodePoint, mulBase, type Point, pointEquals } from '../curve.ts';
import { LABELS } from '../label.ts';
import { evaluateInExponent, interpolateInExponent, sumInExponent } from '../polynomial.ts';
import type { Rng } from '../rng.ts';
import { AbortError } from '../round/errors.ts';
import { abortUnless } from '../round/protocol.ts';
import { type ProofContext, proveSchnorr, schnorrNonce, verifySchnorr } from '../schnorr.ts';
import { hash } from '../transcript.ts';
import type { KeygenContext } from './dealing.ts';
import type { KeygenOpening, KeygenProof } from './messages.ts';

/** The key as this party computed it. */
export interface Combined {
  readonly publicKey: Point;
  readonly publicShares: readonly Point[];
  readonly chainCode: Uint8Array;
  /** Secret: sᵢ. */
  readonly secretShare: Scalar;
  /** 32 bytes: everything broadcast in rounds 1 and 2. */
  readonly transcript: Uint8Array;
}

/** [D5] d_ji·G = Σₖ iᵏ·F_j[k]. */
export function shareHolds(index: number, F: readonly Point[], share: Scalar): boolean {
  const expected = evaluateInExponent(F, index);
  return expected !== null && pointEquals(mulBase(share), expected);
}

/** Step 4: sums shares and commitments. `shares` holds the own share of every dealing. */
export function combine(
  context: KeygenContext,
  openings: readonly KeygenOpening[],
  commitments: readonly Uint8Array[],
  shares: readonly Scalar[],
  chainShares: readonly Uint8Array[],
): Combined {
  const { sid, threshold, parties, index } = context;
  const secretShare = addScalars(...shares);
  const F = sumInExponent(openings.map(({ dealing }) => dealing.coefficients));
  const all = Array.from({ length: parties }, (_, at) => F && evaluateInExponent(F, at + 1));
  const publicShares = all.filter((share) => share !== null);
  const publicKey = F?.[0];
  const degenerate = isZeroScalar(secretShare) || publicShares.length !== parties;
  if (publicKey === undefined || degenerate) {
    throw new AbortError({
      reason: 'invalid-share',
      message: 'the sum of the dealings is degenerate',
    });
  }
  const own = publicShares[index - 1];
  const consistent = own !== undefined && pointEquals(mulBase(secretShare), own);
  abortUnless(consistent, 'invalid-share', 'own share does not match the sum of the dealings');
  const spans = windowsInterpolate(publicShares, threshold, publicKey);
  abortUnless(spans, 'invalid-share', 'public shares do not interpolate to the public key');
  const chainCode = hash(LABELS.chainCodeFinal, sid, ...chainShares);
  const transcript = publicTranscript(sid, commitments, openings);
  return { publicKey, publicShares, chainCode, secretShare, transcript };
}

/** [D8] Every window of t consecutive public shares gives the public key. */
const windowsInterpolate = (
  publicShares: readonly Point[],
  threshold: number,
  publicKey: Point,
): boolean => {
  const entries = publicShares.map((share, at): [number, Point] => [at + 1, share]);
  for (let start = 0; start + threshold <= entries.length; start++) {
    const sum = interpolateInExponent(new Map(entries.slice(start, start + threshold)));
    if (sum === null || !pointEquals(sum, publicKey)) return false;
  }
  return true;
};

const publicTranscript = (
  sid: Uint8Array,
  commitments: readonly Uint8Array[],
  openings: readonly KeygenOpening[],
): Uint8Array =>
  hash(
    LABELS.keygenTranscript,
    sid,
    ...commitments,
    ...openings.map(({ salt, dealing, responses }) =>
      backend.sha256(
        concat(
          salt,
          ...dealing.coefficients.map(encodePoint),
          ...dealing.nonces.map(encodePoint),
          dealing.chainCommitment,
          ...dealing.seedCommitments,
          ...responses,
        ),
      ),
    ),
  );

/** Step 4: the message of round 4, with a proof that this party knows its share. */
export function confirm(context: KeygenContext, key: Combined, rng: Rng): KeygenProof {
  const { index, sid } = context;
  const publicShare = mulBase(key.secretShare);
  const nonce = schnorrNonce(rng);
  const bound = proofContext(sid, index, key);
  const response = proveSchnorr(bound, key.secretShare, publicShare, nonce);
  const { publicKey, transcript } = key;
  return { publicKey, publicShare, nonce: nonce.A, response, transcript };
}

/** [D7] The peer's key, its share as everybody can compute it, and its proof. */
export function confirmationHolds(
  sid: Uint8Array,
  from: number,
  key: Combined,
  { publicKey, publicShare, nonce, response }: KeygenProof,
): boolean {
  const expected = key.publicShares[from - 1];
  return (
    expected !== undefined &&
    pointEquals(publicKey, key.publicKey) &&
    pointEquals(publicShare, expected) &&
    verifySchnorr(proofContext(sid, from, key), publicShare, nonce, response)
  );
}

/** Whether a peer saw the same broadcasts. */
export function sameTranscript(key: Combined, { transcript }: KeygenProof): boolean {
  return equalBytes(transcript, key.transcript);
}

/** Step 5: the hash that all must share before the key exists (D11). 32 bytes. */
export function acknowledgement(
  sid: Uint8Array,
  key: Combined,
  proofs: readonly KeygenProof[],
): Uint8Array {
  return hash(
    LABELS.keygenConfirmation,
    sid,
    key.transcript,
    encodePoint(key.publicKey),
    key.chainCode,
    concat(...key.publicShares.map(encodePoint)),
    ...proofs.map(({ nonce, response }) => concat(encodePoint(nonce), response)),
  );
}

const proofContext = (sessionId: Uint8Array, prover: number, key: Combined): ProofContext => ({
  sessionId,
  prover,
  context: concat(utf8ToBytes('keygen/share'), u16(4), key.chainCode, encodePoint(key.publicKey)),
});
