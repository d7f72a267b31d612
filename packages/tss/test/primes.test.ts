import { describe, expect, test, vi } from 'vitest';
import { backend } from '#backend';
import { fixturePrimes } from '../../../test/support/fixturePrimes.ts';
import { generatePrimePair, isPrimePair } from '../src/primes.ts';
import { primeAt } from './support/primes.ts';

const [p = 0n, q = 0n, r = 0n] = fixturePrimes(2048);

describe('a pair of primes', () => {
  test.each([2048, 3072] as const)('of the fixtures of %s bits is one', (bits) => {
    const primes = fixturePrimes(bits);
    expect(new Set(primes).size).toBe(primes.length);
    expect(primes.length).toBeGreaterThanOrEqual(bits === 2048 ? 8 : 6);
    for (let at = 0; at + 1 < primes.length; at += 2) {
      expect(isPrimePair([primes[at] ?? 0n, primes[at + 1] ?? 0n], bits)).toBe(true);
    }
  });

  test.each([
    ['the same prime twice', p, p],
    ['primes that are close', p, primeAt(p + (1n << 500n), 3n)],
    ['a composite', p, q + 2n],
    ['a prime that is not safe', p, primeAt((7n << 1021n) + (1n << 900n), 3n)],
    ['a prime that is 1 mod 4', p, primeAt((7n << 1021n) + (1n << 901n), 1n)],
    ['a prime of another length', p, fixturePrimes(3072)[0] ?? 0n],
    ['zero', 0n, p],
    ['negative numbers', -p, -q],
  ])('%s is none', (_, first, second) => {
    expect(isPrimePair([first, second], 2048)).toBe(false);
    expect(isPrimePair([second, first], 2048)).toBe(false);
  });

  test('of one size is none of the other', () => {
    expect(isPrimePair([p, q], 3072)).toBe(false);
  });

  test('is drawn again until it may serve', () => {
    const draws = [p, p, q];
    const spy = vi.spyOn(backend, 'generateSafePrime').mockImplementation(() => draws.shift() ?? r);
    expect(generatePrimePair(2048)).toEqual([p, q]);
    expect(spy.mock.calls).toEqual([[1024], [1024], [1024]]);
    spy.mockRestore();
  });
});
