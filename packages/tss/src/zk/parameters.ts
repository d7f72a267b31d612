/**
 * The sizes of the proofs, one set for each length of modulus. A verifier takes them from its own
 * configuration, never from a peer (P-9). docs/spec/zk.md §1.
 */

/** Length of a modulus in bits. */
export type ModulusBits = 2048 | 3072;

/** Sizes in bits, and the number of repetitions of the proofs with one-bit challenges. */
export interface ParameterSet {
  /** Exact length of N and Ñ. */
  readonly bits: ModulusBits;
  /** ℓ: length of a secret factor, 0 ≤ x, a < 2^ℓ. */
  readonly ell: 256;
  /** ℓ′: length of the masked summand, 0 ≤ b < 2^ℓ′ + 2^ℓ. */
  readonly ellPrime: 1280;
  /** ε: slack; covers the challenge of 256 bits and hides by another 256. */
  readonly epsilon: 512;
  /** m: repetitions of Π^mod and Π^prm. */
  readonly rounds: 128;
}

const set = (bits: ModulusBits): ParameterSet => ({
  bits,
  ell: 256,
  ellPrime: 1280,
  epsilon: 512,
  rounds: 128,
});

/** The two supported sets. */
export const PARAMETERS: Readonly<Record<ModulusBits, ParameterSet>> = {
  2048: set(2048),
  3072: set(3072),
};

/** Length of a challenge: e ∈ [0, q). */
const CHALLENGE_BITS = 256;

/**
 * Whether decryption cannot wrap and masks hide, for all values that the proofs admit: with |a|, |x| < 2^(ℓ+ε+1) and
 * |b| < 2^(ℓ′+ε+1), |a·x + b| < N/2 (L-3); 2^ℓ′ exceeds every honest-verifier product by 2^128
 * (L-4); ε covers challenge and hiding (L10).
 */
export function checkBounds({ bits, ell, ellPrime, epsilon, rounds }: ParameterSet): boolean {
  const two = (exponent: number): bigint => 1n << BigInt(exponent);
  const factor = two(ell + epsilon + 1);
  const summand = two(ellPrime + epsilon + 1);
  const halfOfSmallestModulus = two(bits - 2);
  return (
    factor * factor + summand < halfOfSmallestModulus &&
    ellPrime >= ell + (ell + epsilon) + 128 &&
    epsilon >= CHALLENGE_BITS + 128 &&
    rounds >= 128
  );
}
