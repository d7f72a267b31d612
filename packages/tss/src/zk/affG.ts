/**
 * Π^aff-g, group variant: D = C^a·Enc(b) with a, b in range, and a·base = X, b·base = Y.
 * docs/spec/zk.md §9. Source: CGGMP (2021/060, 2024 revision), Π^aff-g. Differs from the paper: masks are
 * one-sided, and b is shown by a point (Y = b·base) instead of a ciphertext under the prover's key.
 */
import { backend } from '#backend';
import { hasBits, scalarOf } from '../arith/integers.ts';
import { type Field, point, struct } from '../codec.ts';
import { mul, type Point } from '../curve.ts';
import { LABELS } from '../label.ts';
import { type PaillierSecret, powerOfNModulo } from '../paillier.ts';
import type { RingPedersen } from '../pedersen.ts';
import type { Rng } from '../rng.ts';
import { type AffGNonce, drawMasks } from './affGNonce.ts';
import {
  areUnits,
  challengeNumber,
  isNatural,
  verifyPointEquation,
  type ZkContext,
} from './transcript.ts';
import { natural } from './fields.ts';
import type { ParameterSet } from './parameters.ts';

/** D = C^a·(1+N)^b·ν^N mod N², X = a·base, Y = b·base; the verifier's ring-Pedersen parameters. */
export interface AffGStatement {
  readonly N: bigint;
  readonly C: bigint;
  readonly D: bigint;
  readonly base: Point;
  readonly X: Point;
  readonly Y: Point;
  readonly aux: RingPedersen;
}

/** Secret. */
export interface AffGWitness {
  /** 0 < a < q. */
  readonly a: bigint;
  /** 0 ≤ b < 2^ℓ′ + 2^ℓ. */
  readonly b: bigint;
  readonly nu: bigint;
}

/** First messages and responses. */
export interface AffGProof {
  readonly A: bigint;
  readonly Bx: Point;
  readonly By: Point;
  readonly E: bigint;
  readonly S: bigint;
  readonly F: bigint;
  readonly T: bigint;
  readonly z1: bigint;
  readonly z2: bigint;
  readonly z3: bigint;
  readonly z4: bigint;
  readonly w: bigint;
}

/** The canonical bytes of a proof. */
export function affGProofField(set: ParameterSet): Field<AffGProof> {
  const unit = natural(set.bits);
  const blinding = natural(set.ell + set.epsilon + set.bits);
  return struct({
    A: natural(2 * set.bits),
    Bx: point,
    By: point,
    E: unit,
    S: unit,
    F: unit,
    T: unit,
    z1: natural(set.ell + set.epsilon),
    z2: natural(set.ellPrime + set.epsilon),
    z3: blinding,
    z4: blinding,
    w: unit,
  });
}

type FirstMessage = Pick<AffGProof, 'A' | 'Bx' | 'By' | 'E' | 'S' | 'F' | 'T'>;

const challenge = (
  bound: ZkContext,
  set: ParameterSet,
  { N, C, D, base, X, Y, aux }: AffGStatement,
  { A, Bx, By, E, S, F, T }: FirstMessage,
): bigint => {
  const width = set.bits / 8;
  const ring = [aux.N, aux.s, aux.t, E, S, F, T].map((value) => [value, width] as const);
  return challengeNumber(LABELS.proofAffG, bound, set, [
    [N, width],
    [C, 2 * width],
    [D, 2 * width],
    base,
    X,
    Y,
    [A, 2 * width],
    Bx,
    By,
    ...ring,
  ]);
};

/** Proves for a D of one's own; `nonce` is drawn here unless it was made ahead for this N, C, aux. */
export function proveAffG(
  bound: ZkContext,
  set: ParameterSet,
  statement: AffGStatement,
  { a, b, nu }: AffGWitness,
  rng: Rng,
  nonce?: AffGNonce,
): AffGProof {
  const { N, aux, base } = statement;
  // Step 1. S = s^a·t^m, T = s^b·t^μ; the other first messages do not depend on the witness.
  const made = nonce?.take(statement) ?? drawMasks(set, statement, rng);
  const ring = (exponent: bigint, bits: number, blinding: bigint): bigint =>
    (backend.modPow(aux.s, exponent, bits, aux.N) * blinding) % aux.N;
  const first = {
    A: made.A,
    Bx: mul(base, scalarOf(made.alpha)),
    By: mul(base, scalarOf(made.beta)),
    E: made.E,
    S: ring(a, set.ell, made.tToM),
    F: made.F,
    T: ring(b, set.ellPrime + 1, made.tToMu),
  };
  // Step 3. z1 = α + e·a, z2 = β + e·b, z3 = γ + e·m, z4 = δ + e·μ, w = r·ν^e mod N.
  const e = challenge(bound, set, statement, first);
  return {
    ...first,
    z1: made.alpha + e * a,
    z2: made.beta + e * b,
    z3: made.gamma + e * made.m,
    z4: made.delta + e * made.mu,
    w: (made.r * backend.modPow(nu, e, 256, N)) % N,
  };
}

/** Whether every number has its length and is in range. */
const isInRange = (set: ParameterSet, statement: AffGStatement, proof: AffGProof): boolean => {
  const { N, C, D, aux } = statement;
  const { A, E, S, F, T, z1, z2, z3, z4, w } = proof;
  if (!hasBits(N, set.bits) || (N & 1n) === 0n) return false;
  if (!hasBits(aux.N, set.bits) || (aux.N & 1n) === 0n) return false;
  const blinding = set.ell + set.epsilon + set.bits;
  if (!isNatural(z1, set.ell + set.epsilon) || !isNatural(z2, set.ellPrime + set.epsilon)) {
    return false;
  }
  if (!isNatural(z3, blinding) || !isNatural(z4, blinding)) return false;
  const square = N * N;
  if (![C, D, A].every((value) => value > 0n && value < square)) return false;
  if (!areUnits([w, C % N, D % N, A % N], N)) return false;
  return areUnits([aux.s, aux.t, E, S, F, T], aux.N);
};

/**
 * Whether the proof shows it of this statement. Verifier's steps of docs/spec/zk.md §9. The holder of the
 * Paillier key passes it, which halves the time; it must be the key of N.
 */
export function verifyAffG(
  bound: ZkContext,
  set: ParameterSet,
  statement: AffGStatement,
  proof: AffGProof,
  owner?: PaillierSecret,
): boolean {
  const { base, X, Y, aux } = statement;
  const { Bx, By, E, S, F, T, z1, z2, z3, z4 } = proof;
  // Step 4. Lengths, ranges and units.
  if (!isInRange(set, statement, proof)) return false;
  // Step 5. z1·base = Bx + e·X, z2·base = By + e·Y.
  const e = challenge(bound, set, statement, proof);
  if (!verifyPointEquation(base, { z: z1, e, A: Bx, X })) return false;
  if (!verifyPointEquation(base, { z: z2, e, A: By, X: Y })) return false;
  // Step 6. s^z1·t^z3 = E·S^e, s^z2·t^z4 = F·T^e mod Ñ.
  const ring = (root: bigint, exponent: bigint): bigint =>
    backend.modPowPublic(root, exponent, aux.N);
  if ((ring(aux.s, z1) * ring(aux.t, z3)) % aux.N !== (E * ring(S, e)) % aux.N) return false;
  if ((ring(aux.s, z2) * ring(aux.t, z4)) % aux.N !== (F * ring(T, e)) % aux.N) return false;
  return holdsOfCiphertexts(set, statement, proof, e, owner);
}

/** Step 7. C^z1·(1+N)^z2·w^N = A·D^e mod N², or modulo the squares of its factors. */
const holdsOfCiphertexts = (
  set: ParameterSet,
  { N, C, D }: AffGStatement,
  { A, z1, z2, w }: AffGProof,
  e: bigint,
  owner: PaillierSecret | undefined,
): boolean => {
  const holds = (modulus: bigint, noise: bigint): boolean => {
    const factor = backend.modPow(C, z1, set.ell + set.epsilon, modulus);
    const left = ((factor * noise) % modulus) * (1n + N * (z2 % N));
    return left % modulus === (A * backend.modPow(D, e, 256, modulus)) % modulus;
  };
  if (owner === undefined) return holds(N * N, backend.modPow(w, N, set.bits, N * N));
  if (owner.public.N !== N) throw new Error('unreachable: the key of another modulus');
  const { p, q } = owner;
  return holds(p * p, powerOfNModulo([p, q], w)) && holds(q * q, powerOfNModulo([q, p], w));
};
