/**
 * Π^log*: a ciphertext holds the discrete logarithm of a point, within range. docs/spec/zk.md §8.
 * Source: CGGMP (2021/060, 2024 revision), Π^log*. Differs from the paper: masks are one-sided, the
 * base is the generator.
 */
import { backend } from '#backend';
import { hasBits, randomBits, scalarOf } from '../arith/integers.ts';
import { type Field, point, struct } from '../codec.ts';
import { mulBase, type Point } from '../curve.ts';
import { LABELS } from '../label.ts';
import { encrypt, isCiphertext, sampleUnit } from '../paillier.ts';
import { commitRing, type RingPedersen } from '../pedersen.ts';
import type { Rng } from '../rng.ts';
import {
  areUnits,
  challengeNumber,
  isNatural,
  sampleMask,
  verifyPointEquation,
  type ZkContext,
} from './transcript.ts';
import { natural } from './fields.ts';
import type { ParameterSet } from './parameters.ts';

/** C = Enc_N(x) and X = x·G; the verifier's ring-Pedersen parameters. */
export interface LogStarStatement {
  readonly N: bigint;
  readonly C: bigint;
  readonly X: Point;
  readonly aux: RingPedersen;
}

/** Secret. */
export interface LogStarWitness {
  /** 0 < x < q. */
  readonly x: bigint;
  readonly rho: bigint;
}

/** First messages S, A, Y, D and responses. */
export interface LogStarProof {
  readonly S: bigint;
  readonly A: bigint;
  readonly Y: Point;
  readonly D: bigint;
  readonly z1: bigint;
  readonly z2: bigint;
  readonly z3: bigint;
}

const widths = ({ bits, ell, epsilon }: ParameterSet) => ({
  response: ell + epsilon,
  blinding: ell + bits,
  blindingResponse: ell + epsilon + bits,
});

/** The canonical bytes of a proof. */
export function logStarProofField(set: ParameterSet): Field<LogStarProof> {
  const { response, blindingResponse } = widths(set);
  return struct({
    S: natural(set.bits),
    A: natural(2 * set.bits),
    Y: point,
    D: natural(set.bits),
    z1: natural(response),
    z2: natural(set.bits),
    z3: natural(blindingResponse),
  });
}

const challenge = (
  bound: ZkContext,
  set: ParameterSet,
  { N, C, X, aux }: LogStarStatement,
  { S, A, Y, D }: Pick<LogStarProof, 'S' | 'A' | 'Y' | 'D'>,
): bigint => {
  const width = set.bits / 8;
  return challengeNumber(LABELS.proofLogStar, bound, set, [
    [N, width],
    [C, 2 * width],
    X,
    [aux.N, width],
    [aux.s, width],
    [aux.t, width],
    [S, width],
    [A, 2 * width],
    Y,
    [D, width],
  ]);
};

/** Proves for a ciphertext of one's own. Step numbers of docs/spec/zk.md §8. */
export function proveLogStar(
  bound: ZkContext,
  set: ParameterSet,
  statement: LogStarStatement,
  { x, rho }: LogStarWitness,
  rng: Rng,
): LogStarProof {
  const { N, aux } = statement;
  const pk = { N, bits: set.bits };
  const w = widths(set);
  // Step 1. S = s^x·t^μ, A = (1+N)^α·r^N, Y = α·G, D = s^α·t^γ.
  const alpha = sampleMask(rng, w.response);
  const mu = randomBits(rng, w.blinding);
  const gamma = randomBits(rng, w.blindingResponse);
  const r = sampleUnit(pk, rng);
  const first = {
    S: commitRing(aux, { x, xBits: set.ell }, { y: mu, yBits: w.blinding }),
    A: encrypt(pk, alpha, r),
    Y: mulBase(scalarOf(alpha)),
    D: commitRing(aux, { x: alpha, xBits: w.response }, { y: gamma, yBits: w.blindingResponse }),
  };
  // Step 3. z1 = α + e·x, z2 = r·ρ^e mod N, z3 = γ + e·μ.
  const e = challenge(bound, set, statement, first);
  return {
    ...first,
    z1: alpha + e * x,
    z2: (r * backend.modPow(rho, e, 256, N)) % N,
    z3: gamma + e * mu,
  };
}

/** Whether the proof shows it of this statement. Verifier's steps of docs/spec/zk.md §8. */
export function verifyLogStar(
  bound: ZkContext,
  set: ParameterSet,
  statement: LogStarStatement,
  proof: LogStarProof,
): boolean {
  const { N, C, X, aux } = statement;
  const { S, A, Y, D, z1, z2, z3 } = proof;
  const w = widths(set);
  // Step 4. Lengths, ranges and units.
  if (!hasBits(N, set.bits) || (N & 1n) === 0n) return false;
  if (!hasBits(aux.N, set.bits) || (aux.N & 1n) === 0n) return false;
  if (!isNatural(z1, w.response) || !isNatural(z3, w.blindingResponse)) return false;
  const pk = { N, bits: set.bits };
  if (!isCiphertext(pk, C) || !isCiphertext(pk, A) || !areUnits([z2], N)) return false;
  if (!areUnits([aux.s, aux.t, S, D], aux.N)) return false;
  // Step 5. (1+N)^z1·z2^N = A·C^e, z1·G = Y + e·X, s^z1·t^z3 = D·S^e.
  const e = challenge(bound, set, statement, proof);
  if (!verifyPointEquation(null, { z: z1, e, A: Y, X })) return false;
  const ring = (base: bigint, exponent: bigint): bigint =>
    backend.modPowPublic(base, exponent, aux.N);
  if ((ring(aux.s, z1) * ring(aux.t, z3)) % aux.N !== (D * ring(S, e)) % aux.N) return false;
  return encrypt(pk, z1, z2) === (A * backend.modPowPublic(C, e, N * N)) % (N * N);
}
