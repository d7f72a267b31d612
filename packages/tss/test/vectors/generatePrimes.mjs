/**
 * Writes primes/{2048,3072}.json: safe primes of half that length, for tests only. They are public and
 * must never serve a real key. Takes minutes: `node packages/tss/test/vectors/generatePrimes.mjs`.
 */
import { generatePrimeSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';

const COUNTS = { 2048: 12, 3072: 14 };

for (const [bits, count] of Object.entries(COUNTS)) {
  const primes = [];
  while (primes.length < count) {
    const prime = generatePrimeSync(Number(bits) / 2, { safe: true, bigint: true });
    primes.push(`0x${prime.toString(16)}`);
    process.stdout.write(`${bits}: ${primes.length} of ${count}\n`);
  }
  const note = 'public test data: safe primes that must never serve a real key';
  const file = new URL(`primes/${bits}.json`, import.meta.url);
  writeFileSync(file, `${JSON.stringify({ note, bits: Number(bits), primes }, null, 2)}\n`);
}
