/** P2's last message, and the signature that P1 makes of it: steps S4 and S5 of docs/spec/lindell17.md. */
import { randomBits, scalarOf } from '../arith/integers.ts';
import {
  addScalars,
  invertScalar,
  isZeroScalar,
  mulScalars,
  Q,
  type Scalar,
} from '../arith/scalar.ts';
import { G, mul, mulPublic, negatePoint, type Point, sumPoints } from '../curve.ts';
import { affine, decrypt, isCiphertext } from '../paillier.ts';
import type { Rng } from '../rng.ts';
import { AbortError } from '../round/errors.ts';
import { withTemporaries } from '../secrets.ts';
import { completeSignature, type NonceImage, nonceImage, type Signature } from '../signature.ts';
import { type AffGStatement, proveAffG, verifyAffG } from '../zk/affG.ts';
import type { AffGNonce } from '../zk/affGNonce.ts';
import { PARAMETERS } from '../zk/parameters.ts';
import { blamePeerUnless } from './blame.ts';
import type { TwoPartyKeyshare } from './keyshare.ts';
import type { SignPartial } from './messages.ts';
import { integerOf } from './numbers.ts';
import { P1, P2, zkBound } from './party.ts';

const STEP = 'partial';

/** The digest that is signed, and the key. */
export interface SignStatement {
  /** 32 bytes. */
  readonly sid: Uint8Array;
  readonly epoch: number;
  /** 32 bytes. */
  readonly digest: Uint8Array;
  /** m: the digest modulo q. */
  readonly m: Scalar;
  /** Q′: the key itself, or the one that the path leads to. */
  readonly publicKey: Point;
  /** τ with Q′ = Q + τ·G. */
  readonly tweak: Scalar;
}

/** Own ephemeral key and both points. */
export interface Ephemeral {
  /** Secret. */
  readonly k: Scalar;
  /** R₂ = k₂·G: the base of the proof. */
  readonly base: Point;
  readonly image: NonceImage;
}

/** R = k·R_peer, r = R.x mod q ≠ 0. */
export function sharedNonce(k: Scalar, theirs: Point): NonceImage {
  const image = nonceImage(mul(theirs, k));
  if (image === null) throw new AbortError({ reason: 'invalid-signature', message: 'r is zero' });
  return image;
}

/**
 * X* = r·G and Y* = m·G + r·X₂′ with X₂′ = Q′ − X₁: both sides know them without asking, since a·k₂ = r
 * and b·k₂ = m + r·x₂′. This is what ties the ciphertext to R₂ and to P2's share (L-1).
 */
function statementOf(
  keyshare: TwoPartyKeyshare,
  { m, publicKey }: SignStatement,
  { base, image }: Pick<Ephemeral, 'base' | 'image'>,
  D: bigint,
): AffGStatement {
  const { N, encryptedShare, pedersen } = keyshare.fields;
  const share = sumPoints([publicKey, negatePoint(keyshare.publicShareOf(P1))]);
  const Y = share && sumPoints([mulPublic(G, m), mulPublic(share, image.r)]);
  if (Y === null) {
    throw new AbortError({ reason: 'invalid-signature', message: 'm + r·x₂ is zero' });
  }
  return { N, C: encryptedShare, D, base, X: mulPublic(G, image.r), Y, aux: pedersen };
}

/** P2, step S4: D = c_key^a·(1+N)^b·ν^N with a = r/k₂, b = (m + r·x₂′)/k₂ + ρ·q, and its proof. */
export function makePartial(
  keyshare: TwoPartyKeyshare,
  statement: SignStatement,
  ephemeral: Ephemeral,
  nonce: AffGNonce,
  rng: Rng,
): SignPartial {
  const { bits, fields } = keyshare;
  const set = PARAMETERS[bits];
  const { r } = ephemeral.image;
  const [a, low] = withTemporaries((temporary) => {
    const inverse = temporary(invertScalar(ephemeral.k));
    const x2 = temporary(addScalars(fields.secretShare, statement.tweak));
    const sum = temporary(addScalars(statement.m, temporary(mulScalars(r, x2))));
    const scalars = [
      temporary(mulScalars(r, inverse)),
      temporary(mulScalars(inverse, sum)),
    ] as const;
    return [integerOf(scalars[0]), integerOf(scalars[1])];
  });
  const b = low + randomBits(rng, set.ellPrime - 256) * Q; // hides a·x₁ (L-4)
  const noise = nonce.takeNoise();
  const D = affine({ N: fields.N, bits }, fields.encryptedShare, { a, aBits: set.ell, b }, noise);
  const shown = statementOf(keyshare, statement, ephemeral, D);
  const witness = { a, b, nu: noise.rho };
  const proof = proveAffG(zkBound(statement, P2, STEP), set, shown, witness, rng, nonce);
  return { D, proof };
}

/**
 * P1, step S5: the signature in P2's message.
 *
 * Security: the proof is verified before anything is decrypted, and its failure, or a wrong signature
 * behind a good proof, makes the key unsafe: an answer to either would be one bit of x₁ (L-1).
 */
export function openPartial(
  keyshare: TwoPartyKeyshare,
  statement: SignStatement,
  ephemeral: Ephemeral,
  partial: SignPartial,
): Signature {
  try {
    return judge(keyshare, statement, ephemeral, partial);
  } catch (error) {
    if (error instanceof AbortError) throw error;
    // From here on a secret is at work: that it failed, and where, may tell of it (lindell17.md, S5).
    const message = 'this party could not judge the last message; its key is locked';
    const keyUnsafe = 'refreshable';
    throw new AbortError({ reason: 'internal-error', message, keyUnsafe, cause: error });
  }
}

function judge(
  keyshare: TwoPartyKeyshare,
  statement: SignStatement,
  { k, base, image }: Ephemeral,
  { D, proof }: SignPartial,
): Signature {
  const { bits } = keyshare;
  const isUnit = isCiphertext({ N: keyshare.fields.N, bits }, D); // [P9]
  blamePeerUnless(isUnit, P2, 'invalid-ciphertext', 'ciphertext');
  const shown = statementOf(keyshare, statement, { base, image }, D);
  const key = keyshare.paillierSecret(); // verifies faster with the factors, to the same result
  if (!verifyAffG(zkBound(statement, P2, STEP), PARAMETERS[bits], shown, proof, key)) {
    throw unsafe('refreshable', 'invalid-proof', 'Π^aff-g of party 2'); // [L3] [L4]
  }
  const s = withTemporaries((temporary) => {
    const v = temporary(scalarOf(decrypt(key, D))); // [L5] [L6]
    return mulScalars(temporary(invertScalar(k)), v); // s = k₁⁻¹·v
  });
  const signature = isZeroScalar(s) ? null : completeSignature(image, s, statement); // [L7] [G8]
  if (signature === null) {
    throw unsafe('terminal', 'invalid-signature', 'signature behind a passing proof of party 2');
  }
  return signature;
}

const unsafe = (
  keyUnsafe: 'refreshable' | 'terminal',
  reason: 'invalid-proof' | 'invalid-signature',
  message: string,
): AbortError => new AbortError({ reason, culprits: [P2], bans: [P2], keyUnsafe, message });
