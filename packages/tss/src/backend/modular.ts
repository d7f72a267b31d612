/**
 * Powers modulo an odd number and primes in BigInt: the portable part, and the guards that both
 * backends share. BigInt is not constant time; a secret exponent is split at random and the operands
 * carry a random multiple of the modulus, so that no two runs do the same work (J-2).
 */

/** A platform's operations on numbers of thousands of bits. */
export interface ModularBackend {
  /**
   * base^exponent mod modulus with a secret exponent, 0 ≤ exponent < 2^exponentBits. The work depends on
   * the exponent's length in 64-bit words, no more: that of `exponentBits` for every exponent that the
   * protocols draw, but with probability 2⁻⁶⁴ (docs/spec/zk.md §11). @throws RangeError for an exponent
   * out of range or a modulus that is not odd and positive
   */
  modPow(base: bigint, exponent: bigint, exponentBits: number, modulus: bigint): bigint;
  /** base^exponent mod modulus. Security: variable time in the exponent. @throws as `modPow` */
  modPowPublic(base: bigint, exponent: bigint, modulus: bigint): bigint;
  /** Releases everything that was kept of secret moduli between powers. */
  release(...moduli: readonly bigint[]): void;
  /** A prime p of exactly that many bits, the two highest set, with (p−1)/2 prime. Takes seconds. */
  generateSafePrime(bits: number): bigint;
  /** Whether n is prime, wrongly yes with probability below 2⁻¹²⁸ for any n, chosen by anyone. */
  isProbablePrime(n: bigint): boolean;
}

/** Checks what both backends promise to refuse, and reduces the base. */
export function guardPower(
  base: bigint,
  exponent: bigint,
  exponentBits: number,
  modulus: bigint,
): bigint {
  if (modulus < 1n || (modulus & 1n) === 0n) throw new RangeError('modulus not odd and positive');
  if (exponent < 0n || exponent >= 1n << BigInt(exponentBits)) {
    throw new RangeError(`exponent not in 0..2^${exponentBits}-1`);
  }
  const reduced = base % modulus;
  return reduced < 0n ? reduced + modulus : reduced;
}

/** The length of a public exponent, in whole digits. */
export const bitsOf = (exponent: bigint): number => exponent.toString(16).length * 4;

/** base^exponent mod modulus, four bits at a time, one product for every four, of any value. */
function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const table = [1n % modulus];
  for (let at = 1; at < 16; at++) table.push(((table[at - 1] ?? 0n) * base) % modulus);
  let result = 1n % modulus;
  for (const digit of exponent.toString(16)) {
    for (let square = 0; square < 4; square++) result = (result * result) % modulus;
    result = (result * (table[Number.parseInt(digit, 16)] ?? 0n)) % modulus;
  }
  return result;
}

type Random = (length: number) => Uint8Array;

const randomNatural = (random: Random, bytes: number): bigint => {
  let hex = '0x';
  for (const byte of random(bytes)) hex += byte.toString(16).padStart(2, '0');
  return BigInt(hex);
};

/** e = a·r + b for a random r of 128 bits: base^e = (base^r)^a · base^b, modulo a multiple of the modulus. */
const blindedPower = (base: bigint, exponent: bigint, modulus: bigint, random: Random): bigint => {
  const wide = modulus * (randomNatural(random, 8) | 1n);
  const shifted = base + modulus * randomNatural(random, 8);
  const r = randomNatural(random, 16) | (1n << 127n);
  const high = power(power(shifted, r, wide), exponent / r, wide);
  return (high * power(shifted, exponent % r, wide)) % modulus;
};

/** Miller–Rabin with random bases: 64 rounds, error below 4⁻⁶⁴ for any n. */
const isPrime = (n: bigint, random: Random): boolean => {
  if (n < 2n) return false;
  for (const small of SMALL_PRIMES) {
    if (n === small) return true;
    if (n % small === 0n) return false;
  }
  let [odd, twos] = [n - 1n, 0];
  while ((odd & 1n) === 0n) [odd, twos] = [odd >> 1n, twos + 1];
  const bytes = n.toString(16).length / 2 + 16;
  for (let round = 0; round < 64; round++) {
    const base = 2n + (randomNatural(random, Math.ceil(bytes)) % (n - 3n));
    if (!isWitnessedBy(base, odd, twos, n)) return false;
  }
  return true;
};

const isWitnessedBy = (base: bigint, odd: bigint, twos: number, n: bigint): boolean => {
  let x = power(base, odd, n);
  if (x === 1n || x === n - 1n) return true;
  for (let at = 1; at < twos; at++) {
    x = (x * x) % n;
    if (x === n - 1n) return true;
  }
  return false;
};

const primesBelow = (bound: number): bigint[] => {
  const composite = new Uint8Array(bound);
  const primes: bigint[] = [];
  for (let n = 2; n < bound; n++) {
    if (composite[n] === 1) continue;
    primes.push(BigInt(n));
    for (let multiple = n * n; multiple < bound; multiple += n) composite[multiple] = 1;
  }
  return primes;
};
const SMALL_PRIMES = primesBelow(2048);

/** Draws until both p and (p−1)/2 are prime; small divisors and one round sort out nearly all. */
const safePrime = (bits: number, random: Random): bigint => {
  const top = 3n << BigInt(bits - 2);
  const mask = (1n << BigInt(bits)) - 1n;
  for (;;) {
    const p = (randomNatural(random, Math.ceil(bits / 8)) & mask) | top | 3n; // ≡ 3 mod 4
    const half = p >> 1n;
    if (SMALL_PRIMES.some((small) => (p % small === 0n || half % small === 0n) && half > small)) {
      continue;
    }
    if (power(2n, half - 1n, half) !== 1n || power(2n, p - 1n, p) !== 1n) continue;
    if (isPrime(half, random) && isPrime(p, random)) return p;
  }
};

/** The operations in BigInt, with randomness for blinding from the platform. */
export function portableModular(random: Random): ModularBackend {
  return {
    modPow: (base, exponent, exponentBits, modulus) =>
      blindedPower(guardPower(base, exponent, exponentBits, modulus), exponent, modulus, random),
    modPowPublic: (base, exponent, modulus) =>
      power(guardPower(base, exponent, bitsOf(exponent), modulus), exponent, modulus),
    release: () => undefined, // keeps nothing
    generateSafePrime: (bits) => safePrime(bits, random),
    isProbablePrime: (n) => isPrime(n, random),
  };
}
