/**
 * Powers modulo N = p·q by the holder of the factors, and checks of them before they leave: one result that is right
 * modulo one factor and wrong modulo the other gives the factors away. docs/spec/zk.md §12.
 *
 * Source: Boneh, DeMillo, Lipton, "On the Importance of Checking Cryptographic Protocols for Faults", EUROCRYPT '97;
 * the check of many powers at once is the test of random exponents of Bellare, Garay, Rabin, EUROCRYPT '98.
 */
import { backend } from '#backend';
import { wipe } from './arith/bytes.ts';
import type { PrimePair } from './primes.ts';

/** Joins residues modulo p and q to the number modulo p·q. */
export type Join = (atP: bigint, atQ: bigint) => bigint;

/** The join for two different primes of `half` bits each. */
export function joinOf([p, q]: PrimePair, half: number): Join {
  const inverse = backend.modPow(q, p - 2n, half, p); // q^(p−2) = q⁻¹ mod p
  return (atP, atQ) => {
    const rest = ((atP - atQ) * inverse) % p;
    return atQ + q * (rest < 0n ? rest + p : rest);
  };
}

/**
 * base^exponent mod p·q for many secret exponents below 2^bits, a third of the time. The base is a unit.
 *
 * @throws Error for a wrong result, with probability 1 − 2⁻³¹; nothing of the results may be shown then
 */
export function powersByFactors(
  base: bigint,
  exponents: readonly bigint[],
  [p, q]: PrimePair,
  bits: number,
): bigint[] {
  const half = bits / 2;
  const join = joinOf([p, q], half);
  const modulo = (prime: bigint): ((exponent: bigint) => bigint) => {
    const reduced = base % prime;
    return (exponent) => backend.modPow(reduced, exponent % (prime - 1n), half, prime);
  };
  const [atP, atQ] = [modulo(p), modulo(q)];
  const powers = exponents.map((exponent) => join(atP(exponent), atQ(exponent)));
  const weights = drawWeights(powers.length);
  const sum = exponents.reduce((all, exponent, at) => all + exponent * weight(weights, at), 0n);
  const N = p * q;
  // Π powerᵢ^rᵢ = base^(Σ rᵢ·exponentᵢ)
  const expected = backend.modPow(base, sum, bits + SUM_BITS, N);
  refuseUnless(weightedProduct(powers, weights, N) === expected);
  return powers;
}

/**
 * Checks roots that were computed by the factors: rootᵢ^exponent = valueᵢ mod N for all i.
 *
 * @throws Error as `powersByFactors`
 */
export function checkRoots(
  roots: readonly bigint[],
  values: readonly bigint[],
  exponent: bigint,
  N: bigint,
): void {
  const weights = drawWeights(roots.length);
  // (Π rootᵢ^rᵢ)^exponent = Π valueᵢ^rᵢ
  const power = backend.modPowPublic(weightedProduct(roots, weights, N), exponent, N);
  refuseUnless(power === weightedProduct(values, weights, N));
}

/** @throws Error unless a value that was computed by the factors fits */
export function refuseUnless(fits: boolean): void {
  if (!fits) throw new Error('unreachable: a number computed by the factors is wrong');
}

const WEIGHT_BITS = 32;
/** Bits by which Σ rᵢ·exponentᵢ may exceed the exponents, in whole words of 64. */
const SUM_BITS = 64;

/** Odd, so that a wrong sign of one value shows as well. */
const drawWeights = (count: number): Uint32Array => {
  const bytes = backend.randomBytes(4 * count);
  const weights = new Uint32Array(bytes.slice().buffer).map((drawn) => drawn | 1);
  wipe(bytes);
  return weights;
};

const weight = (weights: Uint32Array, at: number): bigint => BigInt(weights[at] ?? 0);

/** Π valuesᵢ^rᵢ mod N of values that are about to be shown. */
const weightedProduct = (values: readonly bigint[], weights: Uint32Array, N: bigint): bigint => {
  let product = 1n;
  for (let bit = WEIGHT_BITS - 1; bit >= 0; bit--) {
    product = (product * product) % N;
    for (const [at, value] of values.entries()) {
      if ((((weights[at] ?? 0) >>> bit) & 1) === 1) product = (product * value) % N;
    }
  }
  return product;
};
