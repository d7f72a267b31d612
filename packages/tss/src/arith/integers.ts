/**
 * Natural numbers of any length, for Paillier and what goes with it. BigInt is not constant time
 * (SECURITY.md); powers with a secret exponent go through the backend (J-2).
 */
import type { Rng } from '../rng.ts';
import { Q, type Scalar, scalarFromBytes } from './scalar.ts';

/** Number of bits; 0 for 0. Reads the length first, so that it is cheap for any length. */
export function bitLength(n: bigint): number {
  return n === 0n ? 0 : n.toString(16).length * 4 - leadingZeros(n);
}

const leadingZeros = (n: bigint): number => {
  const top = Number.parseInt(n.toString(16).slice(0, 1), 16);
  return Math.clz32(top) - 28;
};

/** Whether n has exactly that many bits; compares with constants only, however long n is. */
export function hasBits(n: bigint, bits: number): boolean {
  return n >= 1n << BigInt(bits - 1) && n < 1n << BigInt(bits);
}

/** Big-endian bytes to a number. */
export function naturalFromBytes(bytes: Uint8Array): bigint {
  let hex = '0x0';
  for (const byte of bytes) hex += HEX[byte] ?? '';
  return BigInt(hex);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** A number as big-endian bytes of fixed width. @throws RangeError unless 0 ≤ n < 2^(8·width) */
export function naturalToBytes(n: bigint, width: number): Uint8Array {
  if (n < 0n || n >= 1n << BigInt(8 * width)) {
    throw new RangeError(`number does not fit in ${width} bytes`);
  }
  const hex = n.toString(16).padStart(2 * width, '0');
  const bytes = new Uint8Array(width);
  for (let at = 0; at < width; at++) {
    bytes[at] = (digitOf(hex.charCodeAt(2 * at)) << 4) | digitOf(hex.charCodeAt(2 * at + 1));
  }
  return bytes;
}

/** The value of a hex digit in lower case, without a branch: letters have bit 6. */
const digitOf = (code: number): number => (code & 15) + 9 * (code >> 6);

/** Uniform in [0, 2^bits). */
export function randomBits(rng: Rng, bits: number): bigint {
  const bytes = rng(Math.ceil(bits / 8));
  const n = naturalFromBytes(bytes);
  bytes.fill(0);
  return n & ((1n << BigInt(bits)) - 1n);
}

/** Uniform in [0, bound) up to 2⁻¹²⁸: 128 bits more than the bound has, reduced. */
export function randomBelow(rng: Rng, bound: bigint): bigint {
  return randomBits(rng, bitLength(bound) + 128) % bound;
}

/** Greatest common divisor of two naturals. Security: variable time. */
export function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** a⁻¹ mod m, or null where there is none. Security: variable time, see `invertBlinded`. */
export function invert(a: bigint, m: bigint): bigint | null {
  let [r0, r1] = [m, a % m];
  let [t0, t1] = [0n, 1n];
  while (r1 !== 0n) {
    const quotient = r0 / r1;
    [r0, r1] = [r1, r0 - quotient * r1];
    [t0, t1] = [t1, t0 - quotient * t1];
  }
  if (r0 !== 1n) return null;
  return t0 < 0n ? t0 + m : t0;
}

/**
 * a⁻¹ mod m of a secret: inverts a·u for a random u and looks at nothing else (J-2). Null
 * when no draw gives a unit: always if a is none, else with probability 2⁻¹²⁸ for the moduli here, N and
 * p − 1 = 2·p′, modulo which at least nearly every second number is one.
 */
export function invertBlinded(a: bigint, m: bigint, rng: Rng): bigint | null {
  for (let draw = 0; draw < BLINDING_DRAWS; draw++) {
    const u = randomBelow(rng, m);
    const blinded = invert((a * u) % m, m);
    if (blinded !== null) return (blinded * u) % m;
  }
  return null;
}

const BLINDING_DRAWS = 128;

/** Jacobi symbol (a/n) of n odd and positive. Security: variable time. */
export function jacobi(a: bigint, n: bigint): -1 | 0 | 1 {
  let [top, bottom] = [a % n, n];
  let sign: -1 | 1 = 1;
  while (top !== 0n) {
    while ((top & 1n) === 0n) {
      top >>= 1n;
      const rest = bottom & 7n;
      if (rest === 3n || rest === 5n) sign = sign === 1 ? -1 : 1;
    }
    [top, bottom] = [bottom, top];
    if ((top & 3n) === 3n && (bottom & 3n) === 3n) sign = sign === 1 ? -1 : 1;
    top %= bottom;
  }
  return bottom === 1n ? sign : 0;
}

/** ⌊n^(1/k)⌋ by Newton's method. */
export function root(n: bigint, k: number): bigint {
  if (n < 2n) return n;
  const degree = BigInt(k);
  let guess = 1n << BigInt(Math.ceil(bitLength(n) / k)); // ≥ the root
  for (;;) {
    const next = ((degree - 1n) * guess + n / guess ** (degree - 1n)) / degree;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** Whether n is a square. Most numbers are told from their remainder mod 3 465 or 64. */
export function isSquare(n: bigint): boolean {
  if (n < 0n || SQUARES_64[Number(n & 63n)] !== true) return false;
  if (SQUARES_3465[Number(n % 3465n)] !== true) return false;
  const r = root(n, 2);
  return r * r === n;
}

const squaresMod = (modulus: number): boolean[] => {
  const found = Array.from({ length: modulus }, () => false);
  for (let at = 0; at < modulus; at++) found[(at * at) % modulus] = true;
  return found;
};
const SQUARES_64 = squaresMod(64);
const SQUARES_3465 = squaresMod(3465);

/** n mod q, for any integer. */
export function scalarOf(n: bigint): Scalar {
  const rest = n % Q;
  const scalar = scalarFromBytes(naturalToBytes(rest < 0n ? rest + Q : rest, 32));
  if (scalar === null) throw new Error('unreachable: reduced modulo the group order');
  return scalar;
}
