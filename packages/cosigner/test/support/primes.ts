/** Public test primes: they must never serve a real key. */
import { readFileSync } from 'node:fs';
import type { PrimePair } from '@quorate/tss';
import { z } from 'zod';

const schema = z.object({ primes: z.array(z.string()) });

/** Distinct pairs out of the fixture. */
export function fixturePairs(bits: 2048 | 3072): PrimePair[] {
  const file = new URL(`../../../tss/test/vectors/primes/${bits}.json`, import.meta.url);
  const { primes } = schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const pairs: PrimePair[] = [];
  for (let at = 0; at + 1 < primes.length; at += 2) {
    pairs.push([BigInt(primes[at] ?? 0), BigInt(primes[at + 1] ?? 0)]);
  }
  return pairs;
}
