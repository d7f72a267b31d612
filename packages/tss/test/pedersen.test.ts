import { describe, expect, test } from 'vitest';
import { backend } from '#backend';
import { fixturePrimes } from '../../../test/support/fixturePrimes.ts';
import { jacobi } from '../src/arith/integers.ts';
import { checkRingPedersen, commitRing, makeRingPedersen } from '../src/pedersen.ts';
import { seededRng } from './support/rng.ts';
import { fixturePaillier, fixturePedersen } from './zk/setup.ts';
import { watchArithmetic } from './zk/suite.ts';

const { public: ring, lambda, phi } = fixturePedersen(2048, 1);
const { N, s, t } = ring;
const own = fixturePaillier(2048, 0).public.N;

describe('ring-Pedersen parameters', () => {
  test('s = t^λ, t is a square, and both pass what a verifier checks', () => {
    expect(backend.modPowPublic(t, lambda, N)).toBe(s);
    expect(backend.modPowPublic(t, phi, N)).toBe(1n);
    expect(jacobi(t, N)).toBe(1);
    expect(checkRingPedersen(ring, 2048, [own])).toBe('ok');
  });

  test('draws that give useless generators are drawn again', () => {
    const [p = 0n, q = 0n] = fixturePrimes(2048).slice(2);
    const rng = seededRng('again');
    let draws = 0;
    const zeroFirst = (length: number): Uint8Array =>
      draws++ < 2 ? new Uint8Array(length) : rng(length);
    const made = makeRingPedersen(p, q, zeroFirst);
    expect(draws).toBe(4);
    expect(checkRingPedersen(made.public, 2048, [])).toBe('ok');
  });

  test('a commitment opens in another way for whoever knows λ, and so hides and binds as it should', () => {
    const first = commitRing(ring, { x: 5n, xBits: 8 }, { y: 7n, yBits: 2048 });
    expect(first).toBe((backend.modPowPublic(s, 5n, N) * backend.modPowPublic(t, 7n, N)) % N);
    const y = 7n + lambda * 2n;
    expect(commitRing(ring, { x: 3n, xBits: 8 }, { y, yBits: 2056 })).toBe(first);
    expect(commitRing(ring, { x: 6n, xBits: 8 }, { y: 7n, yBits: 2048 })).not.toBe(first);
  });

  const p = fixturePrimes(2048)[2] ?? 0n;
  const bad: [string, bigint, bigint][] = [
    ['s = 0', 0n, t],
    ['s = 1', 1n, t],
    ['s = Ñ − 1', N - 1n, t],
    ['s = Ñ', N, t],
    ['s = Ñ + s', N + s, t],
    ['s < 0', -s, t],
    ['t = 0', s, 0n],
    ['t = 1', s, 1n],
    ['t = Ñ − 1', s, N - 1n],
    ['s = t', t, t],
    ['s shares a factor with Ñ', p * 3n, t],
    ['t shares a factor with Ñ', s, p],
    ['s is a million bits long', 1n << (1n << 20n), t],
  ];
  test.each(bad)('P-4, P6: %s is refused', (_, forS, forT) => {
    expect(checkRingPedersen({ N, s: forS, t: forT }, 2048, [own])).toBe('generators');
  });

  test('P-4, P7: Ñ of 64 or 65,536 bits is refused before any arithmetic', () => {
    const watch = watchArithmetic();
    for (const bits of [64n, 65_536n, 2049n, 2047n]) {
      const parameters = { N: (1n << (bits - 1n)) + 1n, s, t };
      expect(checkRingPedersen(parameters, 2048, [own])).toBe('length');
    }
    expect(watch.calls()).toBe(0);
    watch.restore();
  });

  test('P8: Ñ equal to a known modulus, or with a common factor, is refused', () => {
    expect(checkRingPedersen(ring, 2048, [own, N])).toBe('known');
    expect(checkRingPedersen({ ...ring, N: own }, 2048, [own])).toBe('known');
    const shared = p * fixturePaillier(2048, 0).p;
    expect(checkRingPedersen({ ...ring, N: shared }, 2048, [own])).toBe('shared-factor');
  });
});
