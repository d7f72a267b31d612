/**
 * Π^mod: N is the product of two primes, both 3 mod 4, and coprime to φ(N). docs/spec/zk.md §5.
 * Source: CGGMP (2021/060, 2024 revision), Π^mod.
 */
import { backend } from '#backend';
import {
  hasBits,
  invertBlinded,
  jacobi,
  naturalFromBytes,
  randomBelow,
} from '../arith/integers.ts';
import { u32 } from '../arith/bytes.ts';
import { array, type Field, struct } from '../codec.ts';
import { checkRoots, joinOf, refuseUnless } from '../crt.ts';
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
interface ModResponse {
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

/** The challenges y, uniform modulo N: 128 bits more than N has, reduced (P-3 v). */
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
  if (p === q) throw new RangeError('N is a square'); // no number has symbol −1
  // Step 1. w ← Z_N with Jacobi symbol −1.
  let w = randomBelow(rng, N);
  while (jacobi(w, N) !== -1) w = randomBelow(rng, N);
  // Step 3. For each y: z = y^(N⁻¹ mod φ(N)), and x = the fourth root of (−1)^a·w^b·y.
  const [atP, atQ] = [answering(p, N, w, rng), answering(q, N, w, rng)];
  const join = joinOf([p, q], set.bits / 2);
  const challenges = modChallenges(bound, set, { N }, w);
  const responses = challenges.map((y): ModResponse => {
    const [left, right] = [atP(y), atQ(y)];
    const withW = left.isSquare === right.isSquare ? 0 : 1;
    const [rootP, rootQ] = [left.fourthRoot(withW), right.fourthRoot(withW)];
    return {
      x: join(rootP.x, rootQ.x),
      signs: 2 * rootP.negated + withW,
      z: join(left.nthRoot, right.nthRoot),
    };
  });
  for (const [round, { x, signs }] of responses.entries()) {
    refuseUnless(isFourthRoot(x, signed(signs, N, w, challenges[round] ?? 0n), N));
  }
  const roots = responses.map(({ z }) => z);
  checkRoots(roots, challenges, N, N);
  return { w, responses };
}

/** Whether x⁴ = value mod N. */
const isFourthRoot = (x: bigint, value: bigint, N: bigint): boolean => {
  const square = (x * x) % N;
  return (square * square) % N === value;
};

/** An answer modulo one prime. */
interface Residue {
  readonly isSquare: boolean;
  readonly nthRoot: bigint;
  /** Of y or w·y, or of its negative if that is the square: −1 is none modulo p ≡ 3 mod 4. */
  fourthRoot(withW: 0 | 1): { readonly x: bigint; readonly negated: 0 | 1 };
}

const answering = (prime: bigint, N: bigint, w: bigint, rng: Rng): ((y: bigint) => Residue) => {
  const bits = prime.toString(2).length;
  const power = (base: bigint, exponent: bigint): bigint =>
    backend.modPow(base, exponent, bits, prime);
  const half = (prime + 1n) >> 2n; // u^half squares to u or −u, and is a square if u is
  const inverse = invertBlinded(N % (prime - 1n), prime - 1n, rng);
  if (inverse === null) throw new RangeError('N is not coprime to φ(N)');
  const rootOfW = power(w, half);
  return (y) => {
    const rootOfY = power(y, half);
    return {
      isSquare: (rootOfY * rootOfY) % prime === y % prime,
      nthRoot: power(y, inverse),
      fourthRoot: (withW) => {
        const u = withW === 1 ? w * y : y;
        const root = withW === 1 ? (rootOfW * rootOfY) % prime : rootOfY;
        const negated = (root * root) % prime === u % prime ? 0 : 1;
        return { x: power(root, half), negated };
      },
    };
  };
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
  // Step 5. All challenges differ; x⁴ = (−1)^a·w^b·y, z^N = y, which makes y a unit as z is.
  const challenges = modChallenges(bound, set, { N }, w);
  if (new Set(challenges).size !== set.rounds) return false;
  return responses.every(({ x, signs, z }, round) => {
    const y = challenges[round] ?? 0n;
    if (!(signs === 0 || signs === 1 || signs === 2 || signs === 3)) return false;
    if (!isFourthRoot(x, signed(signs, N, w, y), N)) return false;
    return backend.modPowPublic(z, N, N) === y;
  });
}
