import { describe, expect, test, vi } from 'vitest';
import { backend } from '#backend';
import { fixturePrimes } from '../../../test/support/fixturePrimes.ts';
import { randomBelow } from '../src/arith/integers.ts';
import {
  affine,
  checkModulus,
  decrypt,
  encrypt,
  encryptionNoise,
  encryptWith,
  isCiphertext,
  sampleUnit,
} from '../src/paillier.ts';
import { primeAt } from './support/primes.ts';
import { seededRng } from './support/rng.ts';
import { fixturePaillier } from './zk/setup.ts';
import { watchArithmetic } from './zk/suite.ts';

const rng = seededRng('paillier');
const sk = fixturePaillier(2048, 0);
const pk = sk.public;
const { N } = pk;
const [p, q] = [sk.p, sk.q];

describe('Paillier', () => {
  test('decryption inverts encryption over the whole centred range', () => {
    const half = (N - 1n) / 2n;
    const edges = [0n, 1n, -1n, half, -half, half - 1n, p, -p, q, N / 3n];
    const drawn = Array.from({ length: 20 }, () => randomBelow(rng, N) - half);
    for (const m of [...edges, ...drawn]) {
      expect(decrypt(sk, encrypt(pk, m, sampleUnit(pk, rng)))).toBe(m);
    }
  });

  test('encryption with noise made ahead gives the same ciphertext', () => {
    const noise = encryptionNoise(pk, rng);
    expect(encryptWith(pk, 7n, noise)).toBe(encrypt(pk, 7n, noise.rho));
  });

  test('is homomorphic: C^a·Enc(b) decrypts to a·x + b, of either sign', () => {
    const C = encrypt(pk, 1234n, sampleUnit(pk, rng));
    for (const [a, b] of [
      [5n, 6n],
      [0n, 0n],
      [7n, -100_000n],
      [2n ** 255n, -(2n ** 1280n)],
    ] as const) {
      const combined = affine(pk, C, { a, aBits: 256, b }, encryptionNoise(pk, rng));
      expect(decrypt(sk, combined)).toBe(a * 1234n + b);
    }
  });

  test('units are in range and coprime; sampling draws again for what is not', () => {
    expect(sampleUnit(pk, rng)).toBeLessThan(N);
    let draws = 0;
    const zeroFirst = (length: number): Uint8Array =>
      draws++ === 0 ? new Uint8Array(length) : rng(length);
    expect(sampleUnit(pk, zeroFirst)).toBeGreaterThan(0n);
    expect(draws).toBe(2);
  });

  test('P9: 0, N², multiples of a factor and negative numbers are no ciphertexts', () => {
    const c = encrypt(pk, 5n, sampleUnit(pk, rng));
    for (const good of [c, 1n, N * N - 1n, N + 1n]) expect(isCiphertext(pk, good)).toBe(true);
    for (const bad of [0n, -1n, N, N * N, N * N + c, p, q * 7n, c * p, 1n << 100_000n, -c]) {
      expect(isCiphertext(pk, bad)).toBe(false);
      expect(() => decrypt(sk, bad)).toThrow('not a ciphertext of this key');
    }
  });

  test('P9: an oversized number is refused before any power', () => {
    const watch = watchArithmetic();
    expect(isCiphertext(pk, 1n << (1n << 20n))).toBe(false);
    expect(() => decrypt(sk, 1n << (1n << 20n))).toThrow(RangeError);
    expect(watch.calls()).toBe(0);
    watch.restore();
  });

  test('decryption takes its secret exponents through the constant-time power only', () => {
    const c = encrypt(pk, 5n, sampleUnit(pk, rng));
    const [secret, open] = [vi.spyOn(backend, 'modPow'), vi.spyOn(backend, 'modPowPublic')];
    expect(decrypt(sk, c)).toBe(5n);
    const used = secret.mock.calls.map(([, exponent, bits]) => [exponent, bits]);
    expect(used).toEqual([
      [p - 1n, 1024],
      [q - 1n, 1024],
    ]);
    expect(open.mock.calls).toEqual([]);
    secret.mockRestore();
    open.mockRestore();
  });
});

describe('P-1, P-2, P1, P2, P8: a received modulus', () => {
  const [p2 = 0n, q2 = 0n] = fixturePrimes(2048).slice(2);
  const smooth = (): bigint => {
    let product = 1n;
    for (let at = 0; at < 16; at++) product *= primeAt(60_000n + BigInt(at) * 300n, 3n);
    const rest = (1n << 2048n) / product - (1n << 1700n);
    return product * (rest - (rest % 4n) + (product % 4n === 1n ? 1n : 3n));
  };
  const close = primeAt(p + 2n, 3n);
  const cases: [string, bigint, string][] = [
    ['a good one', N, 'ok'],
    ['2047 bits', N >> 1n, 'length'],
    ['2049 bits', N << 1n, 'length'],
    ['1024 bits', p, 'length'],
    ['4097 bits', (1n << 4096n) + 1n, 'length'],
    ['16384 bits', (1n << 16_383n) + 1n, 'length'],
    ['zero', 0n, 'length'],
    ['negative', -N, 'length'],
    ['even', N + 1n, 'even'],
    ['3 mod 4: one prime is 1 mod 4', N + 2n, 'residue'],
    ['a prime', (1n << 2047n) + (1n << 2000n) + 397n, 'prime'],
    ['sixteen factors of 16 bits', smooth(), 'small-factor'],
    ['a factor 65521', 65_521n * ((1n << 2032n) + 1n), 'small-factor'],
    ['a square', p * p, 'perfect-power'],
    ['a cube', primeAt((1n << 682n) + (1n << 681n), 1n) ** 3n, 'perfect-power'],
    ['close factors', p * close, 'close-factors'],
    ["the verifier's own", p2 * q2, 'known'],
    ['a factor of a known one', p * p2, 'shared-factor'],
  ];

  test.each(cases)('%s', (_, modulus, expected) => {
    expect(checkModulus(modulus, 2048, [p2 * q2])).toBe(expected);
  });

  test('a good one of 3072 bits is good in its own set only', () => {
    const other = fixturePaillier(3072, 0).public.N;
    expect(checkModulus(other, 3072, [N])).toBe('ok');
    expect(checkModulus(other, 2048, [N])).toBe('length');
    expect(checkModulus(N, 3072, [])).toBe('length');
  });

  test('P-13: two keys from a copied pool share a prime, and are refused', () => {
    expect(checkModulus(p * q2, 2048, [N])).toBe('shared-factor');
  });

  test('Fermat: factors that differ by up to 2^512 are found, factors as they should be are not', () => {
    for (const distance of [4n, 1n << 100n, 1n << 500n]) {
      expect(checkModulus(p * primeAt(p + distance, 3n), 2048, [])).toBe('close-factors');
    }
    expect(checkModulus(p * primeAt(p + (1n << 900n), 3n), 2048, [])).toBe('ok');
  });

  test('one of another length is refused before any arithmetic', () => {
    const watch = watchArithmetic();
    for (const bits of [64n, 2046n, 2048n, 65_536n, 1n << 20n]) {
      expect(checkModulus((1n << bits) + 1n, 2048, [N])).toBe('length');
    }
    expect(watch.calls()).toBe(0);
    watch.restore();
  });
});
