/**
 * Paillier encryption with generator 1 + N, and the checks of a modulus that came from a peer.
 * docs/spec/zk.md §2. Source: Paillier, EUROCRYPT '99; decryption by CRT, §7 there.
 */
import { backend } from '#backend';
import { gcd, hasBits, isSquare, randomBelow, root } from './arith/integers.ts';
import type { Rng } from './rng.ts';

/** A modulus; `bits` is its exact length. */
export interface PaillierPublic {
  readonly N: bigint;
  readonly bits: number;
}

/** The factors, and the inverses that decryption needs. Secret. */
export interface PaillierSecret {
  readonly p: bigint;
  readonly q: bigint;
  /** q⁻¹ mod p. */
  readonly qInverse: bigint;
  /** p⁻¹ mod q. */
  readonly pInverse: bigint;
  readonly public: PaillierPublic;
}

/** ρ and ρ^N mod N²: the part of an encryption that does not depend on the plaintext. Secret. */
export interface EncryptionNoise {
  readonly rho: bigint;
  readonly power: bigint;
}

/** A key from two primes of equal length; the caller has checked them (primes.ts). */
export function paillierFromPrimes(p: bigint, q: bigint): PaillierSecret {
  const half = p.toString(2).length;
  return {
    p,
    q,
    qInverse: backend.modPow(q, p - 2n, half, p), // q^(p−2) = q⁻¹ mod p
    pInverse: backend.modPow(p, q - 2n, half, q),
    public: { N: p * q, bits: 2 * half },
  };
}

/** Releases everything that the backend keeps of the factors and their squares. */
export function releaseFactors(p: bigint, q: bigint): void {
  backend.release(p, q, p * p, q * q);
}

/** Uniform in the units modulo N. */
export function sampleUnit({ N }: PaillierPublic, rng: Rng): bigint {
  for (;;) {
    const rho = randomBelow(rng, N);
    if (gcd(rho, N) === 1n) return rho;
  }
}

/** ρ^N mod N² for a given ρ. */
export function noiseOf({ N, bits }: PaillierPublic, rho: bigint): EncryptionNoise {
  return { rho, power: backend.modPow(rho, N, bits, N * N) };
}

/** Draws noise ahead of an encryption. Security: noise serves one encryption. */
export function encryptionNoise(pk: PaillierPublic, rng: Rng): EncryptionNoise {
  return noiseOf(pk, sampleUnit(pk, rng));
}

/** (1+N)^m·ρ^N mod N², any integer m. */
export function encryptWith({ N }: PaillierPublic, m: bigint, noise: EncryptionNoise): bigint {
  const square = N * N;
  return (plain(m, N) * noise.power) % square;
}

/** (1+N)^m·ρ^N mod N², any integer m, ρ a unit. */
export function encrypt(pk: PaillierPublic, m: bigint, rho: bigint): bigint {
  return encryptWith(pk, m, noiseOf(pk, rho));
}

/** ρ^N mod p² for the prime p of N = p·q: x^p mod p² depends on x mod p only, so x = ρ^q is taken there. */
export function powerOfNModulo(
  [prime, other]: readonly [prime: bigint, other: bigint],
  rho: bigint,
): bigint {
  const bits = prime.toString(2).length;
  const inner = backend.modPow(rho, other % (prime - 1n), bits, prime);
  return backend.modPow(inner, prime, bits, prime * prime);
}

/** C^a·(1+N)^b·ρ^N mod N², 0 ≤ a < 2^aBits: encrypts a·x + b where C encrypts x. */
export function affine(
  pk: PaillierPublic,
  C: bigint,
  { a, aBits, b }: { readonly a: bigint; readonly aBits: number; readonly b: bigint },
  noise: EncryptionNoise,
): bigint {
  const square = pk.N * pk.N;
  return (backend.modPow(C, a, aBits, square) * encryptWith(pk, b, noise)) % square;
}

/**
 * The plaintext, centred: −N/2 < m < N/2. Security: proofs admit negative plaintexts, which a result in
 * [0, N) would turn into wrong signatures and so into an oracle (L-2).
 * @throws RangeError unless `c` is a ciphertext
 */
export function decrypt(sk: PaillierSecret, c: bigint): bigint {
  if (!isCiphertext(sk.public, c)) throw new RangeError('not a ciphertext of this key');
  const { p, q, qInverse, pInverse } = sk;
  const atP = plaintextModulo(p, qInverse, c);
  const atQ = plaintextModulo(q, pInverse, c);
  const m = atQ + q * positive((atP - atQ) * qInverse, p);
  return m > sk.public.N / 2n ? m - sk.public.N : m;
}

/** m mod p = L((c^(p−1) mod p²))·h, with L(u) = (u−1)/p and h = (−q)⁻¹ mod p. */
const plaintextModulo = (p: bigint, inverseOfOther: bigint, c: bigint): bigint => {
  const bits = p.toString(2).length;
  const u = backend.modPow(c, p - 1n, bits, p * p);
  return (((u - 1n) / p) * (p - inverseOfOther)) % p;
};

const plain = (m: bigint, N: bigint): bigint => 1n + N * positive(m, N);

const positive = (n: bigint, modulus: bigint): bigint => {
  const rest = n % modulus;
  return rest < 0n ? rest + modulus : rest;
};

/** Whether c is a unit modulo N², 0 < c < N² (P9). */
export function isCiphertext({ N }: PaillierPublic, c: bigint): boolean {
  return c > 0n && c < N * N && gcd(c % N, N) === 1n;
}

/** The fault of a modulus that is refused. */
export type ModulusFault =
  | 'length'
  | 'even'
  | 'residue'
  | 'known'
  | 'shared-factor'
  | 'small-factor'
  | 'prime'
  | 'perfect-power'
  | 'close-factors';

/** No factor below this is accepted, nor factors that this many steps of Fermat's method find. */
const SMALLEST_FACTOR = 2 ** 16;
const FERMAT_STEPS = 2 ** 10;

/**
 * Checks a modulus that a peer sent, `others` being every modulus that is known already: the length
 * first, so that nothing is computed with a number of another size (P1, P2, P8;
 * P-1, P-2, P-13). Π^mod and Π^fac prove the rest.
 */
export function checkModulus(
  N: bigint,
  bits: number,
  others: readonly bigint[],
): 'ok' | ModulusFault {
  if (!hasBits(N, bits)) return 'length';
  if ((N & 1n) === 0n) return 'even';
  if ((N & 3n) !== 1n) return 'residue'; // p ≡ q ≡ 3 mod 4
  if (others.includes(N)) return 'known';
  const product = others.reduce((all, other) => (all * other) % N, 1n);
  if (gcd(product, N) !== 1n) return 'shared-factor';
  if (gcd(SMALL_PRODUCT, N) !== 1n) return 'small-factor';
  if (isPerfectPower(N)) return 'perfect-power';
  if (hasCloseFactors(N)) return 'close-factors';
  return backend.isProbablePrime(N) ? 'prime' : 'ok';
}

const productOfPrimes = (below: number): bigint => {
  const composite = new Uint8Array(below);
  let factors: bigint[] = [];
  for (let n = 2; n < below; n++) {
    if (composite[n] === 1) continue;
    factors.push(BigInt(n));
    for (let multiple = n * n; multiple < below; multiple += n) composite[multiple] = 1;
  }
  while (factors.length > 1) {
    factors = factors.flatMap((factor, at) =>
      at % 2 === 1 ? [] : [factor * (factors[at + 1] ?? 1n)],
    );
  }
  return factors[0] ?? 1n;
};
const SMALL_PRODUCT = productOfPrimes(SMALLEST_FACTOR);

/** Exponents up to bits/16 are enough: the factors are above 2¹⁶. */
const isPerfectPower = (N: bigint): boolean => {
  const longest = Math.ceil(N.toString(2).length / 16);
  for (let k = 2; k <= longest; k++) if (root(N, k) ** BigInt(k) === N) return true;
  return false;
};

/** Whether N = a² − b² for one of the first a above √N. */
const hasCloseFactors = (N: bigint): boolean => {
  let a = root(N, 2);
  if (a * a < N) a += 1n;
  for (let step = 0; step < FERMAT_STEPS; step++, a += 1n) if (isSquare(a * a - N)) return true;
  return false;
};
