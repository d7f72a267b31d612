import { vi } from 'vitest';
import { backend } from '#backend';

/**
 * Remembers powers and primality by their arguments. With seeded randomness an honest party computes the
 * same again and again; what a deviation changes is computed anew.
 */
export function rememberPowers(): void {
  const real = { ...backend };
  const powers = new Map<string, bigint>();
  const remembered = (key: string, compute: () => bigint): bigint => {
    const known = powers.get(key) ?? compute();
    powers.set(key, known);
    return known;
  };
  const keyOf = (...numbers: readonly bigint[]): string =>
    numbers.map((number) => number.toString(32)).join('/');
  vi.spyOn(backend, 'modPow').mockImplementation((base, exponent, bits, modulus) =>
    remembered(keyOf(base, exponent, modulus), () => real.modPow(base, exponent, bits, modulus)),
  );
  vi.spyOn(backend, 'modPowPublic').mockImplementation((base, exponent, modulus) =>
    remembered(keyOf(base, exponent, modulus), () => real.modPowPublic(base, exponent, modulus)),
  );
  const primes = new Map<bigint, boolean>();
  vi.spyOn(backend, 'isProbablePrime').mockImplementation((n) => {
    const known = primes.get(n) ?? real.isProbablePrime(n);
    primes.set(n, known);
    return known;
  });
}
