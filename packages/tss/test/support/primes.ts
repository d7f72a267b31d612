import { checkPrimeSync } from 'node:crypto';

/** The first prime from `start` on that is `residue` modulo 4. */
export function primeAt(start: bigint, residue: 1n | 3n): bigint {
  let candidate = start - (start % 4n) + residue;
  if (candidate < start) candidate += 4n;
  while (!checkPrimeSync(candidate)) candidate += 4n;
  return candidate;
}
