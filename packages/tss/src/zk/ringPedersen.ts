/**
 * Π^prm: s is a power of t modulo Ñ, so that commitments under s and t hide. One-bit challenges: in a
 * group whose order the prover knows, a large one could be split (P-5, P-6).
 * docs/spec/zk.md §6. Source: CGGMP (2021/060, 2024 revision), Π^prm.
 */
import { backend } from '#backend';
import { hasBits, randomBelow } from '../arith/integers.ts';
import { array, type Field, struct } from '../codec.ts';
import { powersByFactors } from '../crt.ts';
import { LABELS } from '../label.ts';
import type { RingPedersen } from '../pedersen.ts';
import type { PrimePair } from '../primes.ts';
import type { Rng } from '../rng.ts';
import { areUnits, challengeBytes, type ZkContext } from './transcript.ts';
import { natural } from './fields.ts';
import type { ParameterSet } from './parameters.ts';

/** Ñ, s, t. */
export type PrmStatement = RingPedersen;

/** s = t^λ, φ(Ñ), and the factors of Ñ. Secret. */
export interface PrmWitness {
  readonly lambda: bigint;
  readonly phi: bigint;
  readonly factors: PrimePair;
}

/** For each repetition A = t^a and z = a + e·λ mod φ(Ñ). */
export interface PrmProof {
  readonly A: readonly bigint[];
  readonly z: readonly bigint[];
}

/** The canonical bytes of a proof. */
export function prmProofField(set: ParameterSet): Field<PrmProof> {
  const numbers = array(set.rounds, natural(set.bits));
  return struct({ A: numbers, z: numbers });
}

/** The challenge: m bits. */
export function prmChallenge(
  bound: ZkContext,
  set: ParameterSet,
  { N, s, t }: PrmStatement,
  A: readonly bigint[],
): boolean[] {
  const width = set.bits / 8;
  const numbers = [N, s, t, ...A].map((value) => [value, width] as const);
  const bytes = challengeBytes(LABELS.proofPrm, set.rounds / 8, bound, set, numbers);
  return Array.from(
    { length: set.rounds },
    (_, at) => (((bytes[at >> 3] ?? 0) >> (at & 7)) & 1) === 1,
  );
}

/**
 * Proves for parameters whose λ, φ and factors are known; the backend then releases the factors, which serve nothing
 * else. Step numbers of docs/spec/zk.md §6.
 */
export function provePrm(
  bound: ZkContext,
  set: ParameterSet,
  statement: PrmStatement,
  { lambda, phi, factors }: PrmWitness,
  rng: Rng,
): PrmProof {
  try {
    // Step 1. aᵢ ← Z_φ(Ñ), Aᵢ = t^aᵢ.
    const a = Array.from({ length: set.rounds }, () => randomBelow(rng, phi));
    const A = powersByFactors(statement.t, a, factors, set.bits);
    // Step 3. zᵢ = aᵢ + eᵢ·λ mod φ(Ñ).
    const e = prmChallenge(bound, set, statement, A);
    const z = a.map((exponent, at) => (exponent + (e[at] === true ? lambda : 0n)) % phi);
    return { A, z };
  } finally {
    backend.release(...factors);
  }
}

/** Whether the proof shows it of these parameters. Verifier's steps of docs/spec/zk.md §6. */
export function verifyPrm(
  bound: ZkContext,
  set: ParameterSet,
  statement: PrmStatement,
  { A, z }: PrmProof,
): boolean {
  const { N, s, t } = statement;
  // Step 4. Lengths; s, t and all Aᵢ units; zᵢ ∈ [0, Ñ).
  if (!hasBits(N, set.bits) || (N & 1n) === 0n) return false;
  if (A.length !== set.rounds || z.length !== set.rounds) return false;
  if (!areUnits([s, t, ...A], N) || z.some((value) => value < 0n || value >= N)) return false;
  // Step 5. t^zᵢ = Aᵢ·s^eᵢ mod Ñ.
  const e = prmChallenge(bound, set, statement, A);
  return z.every((exponent, at) => {
    const right = e[at] === true ? ((A[at] ?? 0n) * s) % N : (A[at] ?? 0n);
    return backend.modPowPublic(t, exponent, N) === right;
  });
}
