/** Public safe primes, as long as half a modulus: they must never serve a real key. */
import { readFileSync } from 'node:fs';

/** How long a modulus of two of them is. */
type Bits = 2048 | 3072;

const read = new Map<Bits, readonly bigint[]>();

/** The primes of tss/test/vectors/primes. */
export function fixturePrimes(bits: Bits): readonly bigint[] {
  const known = read.get(bits);
  if (known !== undefined) return known;
  const file = new URL(`../../packages/tss/test/vectors/primes/${bits}.json`, import.meta.url);
  const { primes } = JSON.parse(readFileSync(file, 'utf8')) as { primes: string[] };
  const parsed = primes.map(BigInt);
  read.set(bits, parsed);
  return parsed;
}

/** The same in pairs, each prime once. */
export function fixturePairs(bits: Bits): (readonly [bigint, bigint])[] {
  const primes = fixturePrimes(bits);
  return Array.from({ length: primes.length >> 1 }, (_, at) => [
    primes[2 * at] ?? 0n,
    primes[2 * at + 1] ?? 0n,
  ]);
}
