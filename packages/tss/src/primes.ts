/**
 * Safe primes: the pool that keys take them from, and the checks of a pair before it becomes a modulus.
 * Making them takes seconds to minutes, so protocols take them as an input.
 */
import { backend } from '#backend';
import { hasBits } from './arith/integers.ts';
import type { ModulusBits } from './zk/parameters.ts';

/** Two different safe primes of half the modulus's length. Secret. */
export type PrimePair = readonly [p: bigint, q: bigint];

/** A stock of prime pairs. */
export interface PrimePool {
  /**
   * Takes a pair out for good: it is durably gone before it is returned, since a prime in two moduli
   * gives both away (P-13).
   */
  take(bits: ModulusBits): PrimePair | null;
}

/** Two safe primes whose product has exactly `bits` bits. */
export function generatePrimePair(bits: ModulusBits): PrimePair {
  const p = backend.generateSafePrime(bits / 2);
  for (;;) {
    const q = backend.generateSafePrime(bits / 2);
    if (isPrimePair([p, q], bits)) return [p, q];
  }
}

/** Whether the pair may serve as a key: lengths, product, distance, p ≡ q ≡ 3 mod 4, both safe primes. */
export function isPrimePair([p, q]: PrimePair, bits: ModulusBits): boolean {
  if (!hasBits(p, bits / 2) || !hasBits(q, bits / 2) || !hasBits(p * q, bits)) return false;
  const distance = p > q ? p - q : q - p;
  if (distance < 1n << BigInt(bits / 2 - 100)) return false; // Fermat's method would find them
  return [p, q].every((prime) => (prime & 3n) === 3n && isSafePrime(prime));
}

const isSafePrime = (p: bigint): boolean =>
  backend.isProbablePrime(p) && backend.isProbablePrime(p >> 1n);
