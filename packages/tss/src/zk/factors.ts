/**
 * Π^fac: neither factor of N is shorter than about √N/2^(ℓ+ε). docs/spec/zk.md §7.
 * Source: CGGMP (2021/060, 2024 revision), Π^fac. Differs from the paper: masks are one-sided.
 */
import { backend } from '#backend';
import { hasBits, randomBits } from '../arith/integers.ts';
import { type Field, struct } from '../codec.ts';
import { LABELS } from '../label.ts';
import { commitRing, type RingPedersen } from '../pedersen.ts';
import type { Rng } from '../rng.ts';
import { areUnits, challengeNumber, isNatural, type ZkContext } from './transcript.ts';
import { natural } from './fields.ts';
import type { ParameterSet } from './parameters.ts';

/** N, and the verifier's ring-Pedersen parameters. */
export interface FacStatement {
  readonly N: bigint;
  readonly aux: RingPedersen;
}

/** The factors of N. Secret. */
export interface FacWitness {
  readonly p: bigint;
  readonly q: bigint;
}

/** Commitments, their masks' commitments, and responses. */
export interface FacProof {
  readonly P: bigint;
  readonly Q: bigint;
  readonly A: bigint;
  readonly B: bigint;
  readonly T: bigint;
  readonly sigma: bigint;
  readonly z1: bigint;
  readonly z2: bigint;
  readonly w1: bigint;
  readonly w2: bigint;
  readonly v: bigint;
}

/** Bits of each number: factor, mask of it, blinding, mask of that, and for the product. */
const widths = ({ bits, ell, epsilon }: ParameterSet) => ({
  factor: bits / 2,
  response: ell + epsilon + bits / 2,
  blinding: ell + bits,
  blindingResponse: ell + epsilon + bits,
  sigma: ell + 2 * bits,
  productResponse: ell + epsilon + 2 * bits,
});

/** The canonical bytes of a proof. */
export function facProofField(set: ParameterSet): Field<FacProof> {
  const { response, blindingResponse, sigma, productResponse } = widths(set);
  const unit = natural(set.bits);
  return struct({
    P: unit,
    Q: unit,
    A: unit,
    B: unit,
    T: unit,
    sigma: natural(sigma),
    z1: natural(response),
    z2: natural(response),
    w1: natural(blindingResponse),
    w2: natural(blindingResponse),
    v: natural(productResponse),
  });
}

type FirstMessage = Pick<FacProof, 'P' | 'Q' | 'A' | 'B' | 'T' | 'sigma'>;

const challenge = (
  bound: ZkContext,
  set: ParameterSet,
  { N, aux }: FacStatement,
  { P, Q, A, B, T, sigma }: FirstMessage,
): bigint => {
  const numbers = [N, aux.N, aux.s, aux.t, P, Q, A, B, T];
  const width = set.bits / 8;
  return challengeNumber(LABELS.proofFac, bound, set, [
    ...numbers.map((value) => [value, width] as const),
    [sigma, widths(set).sigma / 8],
  ]);
};

/** Proves for the modulus of the witness. Step numbers of docs/spec/zk.md §7. */
export function proveFac(
  bound: ZkContext,
  set: ParameterSet,
  statement: FacStatement,
  { p, q }: FacWitness,
  rng: Rng,
): FacProof {
  const { aux } = statement;
  const w = widths(set);
  // Step 1. Commitments to the factors and to masks.
  const [alpha, beta] = [randomBits(rng, w.response), randomBits(rng, w.response)];
  const [mu, nu] = [randomBits(rng, w.blinding), randomBits(rng, w.blinding)];
  const sigma = randomBits(rng, w.sigma);
  const r = randomBits(rng, w.productResponse);
  const [x, y] = [randomBits(rng, w.blindingResponse), randomBits(rng, w.blindingResponse)];
  const commitFactor = (factor: bigint, blinding: bigint): bigint =>
    commitRing(aux, { x: factor, xBits: w.factor }, { y: blinding, yBits: w.blinding });
  const commitMask = (mask: bigint, blinding: bigint): bigint =>
    commitRing(aux, { x: mask, xBits: w.response }, { y: blinding, yBits: w.blindingResponse });
  const [P, Q] = [commitFactor(p, mu), commitFactor(q, nu)]; // P = s^p·t^μ, Q = s^q·t^ν
  const [A, B] = [commitMask(alpha, x), commitMask(beta, y)]; // A = s^α·t^x, B = s^β·t^y
  const T =
    (backend.modPow(Q, alpha, w.response, aux.N) *
      backend.modPow(aux.t, r, w.productResponse, aux.N)) %
    aux.N; // T = Q^α·t^r
  // Step 3. Responses; v is positive but for 2⁻²⁵⁶.
  const first = { P, Q, A, B, T, sigma };
  const e = challenge(bound, set, statement, first);
  return {
    ...first,
    z1: alpha + e * p,
    z2: beta + e * q,
    w1: x + e * mu,
    w2: y + e * nu,
    v: r + e * (sigma - nu * p),
  };
}

/** Whether the proof shows it of this N. Verifier's steps of docs/spec/zk.md §7. */
export function verifyFac(
  bound: ZkContext,
  set: ParameterSet,
  statement: FacStatement,
  proof: FacProof,
): boolean {
  const { N, aux } = statement;
  const { P, Q, A, B, T, sigma, z1, z2, w1, w2, v } = proof;
  const w = widths(set);
  // Step 4. Lengths, ranges and units.
  if (!hasBits(N, set.bits) || !hasBits(aux.N, set.bits) || (aux.N & 1n) === 0n) return false;
  if (!isNatural(z1, w.response) || !isNatural(z2, w.response)) return false;
  if (!isNatural(w1, w.blindingResponse) || !isNatural(w2, w.blindingResponse)) return false;
  if (!isNatural(sigma, w.sigma) || !isNatural(v, w.productResponse)) return false;
  if (!areUnits([aux.s, aux.t, P, Q, A, B, T], aux.N)) return false;
  // Step 5. s^z1·t^w1 = A·P^e, s^z2·t^w2 = B·Q^e, Q^z1·t^v = T·R^e with R = s^N·t^σ.
  const e = challenge(bound, set, statement, proof);
  if (e === 0n) return false;
  const power = (base: bigint, exponent: bigint): bigint =>
    backend.modPowPublic(base, exponent, aux.N);
  const equal = (left: readonly [bigint, bigint], mask: bigint, committed: bigint): boolean =>
    (left[0] * left[1]) % aux.N === (mask * power(committed, e)) % aux.N;
  const R = (power(aux.s, N) * power(aux.t, sigma)) % aux.N;
  return (
    equal([power(aux.s, z1), power(aux.t, w1)], A, P) &&
    equal([power(aux.s, z2), power(aux.t, w2)], B, Q) &&
    equal([power(Q, z1), power(aux.t, v)], T, R)
  );
}
