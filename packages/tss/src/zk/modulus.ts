/**
 * Π^mod: N is the product of two primes, both 3 mod 4, and coprime to φ(N). docs/spec/zk.md §5.
 * Source: CGGMP (2021/060, 2024 revision), Π^mod.
 */
import { backend } from '#backend';
import {
  gcd,
  hasBits,
  invertBlinded,
  jacobi,
  naturalFromBytes,
  randomBelow,
} from '../arith/integers.ts';
import { u32 } from '../arith/bytes.ts';
import { array, type Field, struct } from '../codec.ts';
import { LABELS } from '../label.ts';
import type { Rng } from '../rng.ts';
import { expand } from '../transcript.ts';
import { areUnits, challengeBytes, type ZkContext } from './transcript.ts';
import { natural, twoBits } from './fields.ts';
import type { ParameterSet } from './parameters.ts';

/** N. */
export interface ModStatement {
  readonly N: bigint;
}

/** The factors of N. Secret. */
export interface ModWitness {
  readonly p: bigint;
  readonly q: bigint;
}

/** One repetition: x⁴ = (−1)^a·w^b·y and z^N = y. */
export interface ModResponse {
  readonly x: bigint;
  /** 2·a + b. */
  readonly signs: number;
  readonly z: bigint;
}

/** w with Jacobi symbol −1, and an answer to each challenge y. */
export interface ModProof {
  readonly w: bigint;
  readonly responses: readonly ModResponse[];
}

/** The canonical bytes of a proof. */
export function modProofField(set: ParameterSet): Field<ModProof> {
  const number = natural(set.bits);
  const response = struct<ModResponse>({ x: number, signs: twoBits, z: number });
  return struct({ w: number, responses: array(set.rounds, response) });
}

/** The challenges y, uniform modulo N: 128 bits more than N has, reduced (attacks.md P-3 v). */
export function modChallenges(
  bound: ZkContext,
  set: ParameterSet,
  { N }: ModStatement,
  w: bigint,
): bigint[] {
  const width = set.bits / 8;
  const seed = challengeBytes(LABELS.proofMod, 32, bound, set, [
    [N, width],
    [w, width],
  ]);
  return Array.from(
    { length: set.rounds },
    (_, round) => naturalFromBytes(expand(LABELS.proofModRound, width + 16, seed, u32(round))) % N,
  );
}

/** Proves for the modulus of the witness. Step numbers of docs/spec/zk.md §5. */
export function proveMod(
  bound: ZkContext,
  set: ParameterSet,
  { N }: ModStatement,
  { p, q }: ModWitness,
  rng: Rng,
): ModProof {
  // Step 1. w ← Z_N with Jacobi symbol −1.
  let w = randomBelow(rng, N);
  while (jacobi(w, N) !== -1) w = randomBelow(rng, N);
  // Step 3. For each y: z = y^(N⁻¹ mod φ(N)), and x = the fourth root of (−1)^a·w^b·y.
  const roots = makeRoots(p, q, rng);
  const responses = modChallenges(bound, set, { N }, w).map((y) => respond(roots, N, w, y));
  return { w, responses };
}

interface Roots {
  /** y^(N⁻¹ mod φ(N)). */
  nth(y: bigint): bigint;
  /** A fourth root that is a square, or null if y is no square modulo p and q. */
  fourth(y: bigint): bigint | null;
}

const makeRoots = (p: bigint, q: bigint, rng: Rng): Roots => {
  const bits = p.toString(2).length;
  const N = p * q;
  const inverse = backend.modPow(q, p - 2n, bits, p);
  const join = (atP: bigint, atQ: bigint): bigint => {
    const rest = ((atP - atQ) * inverse) % p;
    return atQ + q * (rest < 0n ? rest + p : rest);
  };
  const orders = [p - 1n, q - 1n] as const;
  const dp = invertBlinded(N % orders[0], orders[0], rng);
  const dq = invertBlinded(N % orders[1], orders[1], rng);
  if (dp === null || dq === null) throw new RangeError('N is not coprime to φ(N)');
  const squareRoot = (y: bigint, prime: bigint): bigint =>
    backend.modPow(y, (prime + 1n) >> 2n, bits, prime); // of y or of −y, itself a square
  const fourthAt = (y: bigint, prime: bigint): bigint | null => {
    const half = squareRoot(y, prime);
    return (half * half) % prime === y % prime ? squareRoot(half, prime) : null;
  };
  return {
    nth: (y) => join(backend.modPow(y, dp, bits, p), backend.modPow(y, dq, bits, q)),
    fourth: (y) => {
      const [atP, atQ] = [fourthAt(y, p), fourthAt(y, q)];
      return atP === null || atQ === null ? null : join(atP, atQ);
    },
  };
};

/** Exactly one of y, −y, w·y, −w·y is a square modulo both primes. */
const respond = (roots: Roots, N: bigint, w: bigint, y: bigint): ModResponse => {
  for (let signs = 0; signs < 4; signs++) {
    const x = roots.fourth(signed(signs, N, w, y));
    if (x !== null) return { x, signs, z: roots.nth(y) };
  }
  throw new RangeError('N is not a product of two primes that are 3 mod 4');
};

/** (−1)^a·w^b·y mod N. */
const signed = (signs: number, N: bigint, w: bigint, y: bigint): bigint => {
  const product = (signs & 1) === 1 ? (w * y) % N : y;
  return (signs & 2) === 2 ? N - product : product;
};

/** Whether the proof shows it of this N. Verifier's steps of docs/spec/zk.md §5. */
export function verifyMod(
  bound: ZkContext,
  set: ParameterSet,
  { N }: ModStatement,
  { w, responses }: ModProof,
): boolean {
  // Step 4. N of the agreed length, odd, composite; exactly m answers; all numbers units in [1, N).
  if (!hasBits(N, set.bits) || (N & 1n) === 0n || responses.length !== set.rounds) return false;
  if (!areUnits([w, ...responses.flatMap(({ x, z }) => [x, z])], N)) return false;
  if (jacobi(w, N) !== -1 || backend.isProbablePrime(N)) return false;
  // Step 5. All challenges differ and are units; x⁴ = (−1)^a·w^b·y, z^N = y.
  const challenges = modChallenges(bound, set, { N }, w);
  if (new Set(challenges).size !== set.rounds || !challenges.every((y) => gcd(y, N) === 1n)) {
    return false;
  }
  return responses.every(({ x, signs, z }, round) => {
    const y = challenges[round] ?? 0n;
    if (!(signs === 0 || signs === 1 || signs === 2 || signs === 3)) return false;
    const square = (x * x) % N;
    if ((square * square) % N !== signed(signs, N, w, y)) return false;
    return backend.modPowPublic(z, N, N) === y;
  });
}
