import { createDiffieHellman } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { fixturePrimes } from '../../../../test/support/fixturePrimes.ts';
import { backend as native } from '../../src/backend/native.ts';
import { backend as portable } from '../../src/backend/portable.ts';
import type { Backend } from '../../src/backend/types.ts';

/** Square and multiply, nothing else. */
const naive = (base: bigint, exponent: bigint, modulus: bigint): bigint => {
  let result = 1n % modulus;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === '1') result = (result * base) % modulus;
  }
  return result;
};

const run = (compute: () => bigint): bigint | string => {
  try {
    return compute();
  } catch (error) {
    if (error instanceof RangeError) return `RangeError ${error.message}`;
    throw error;
  }
};

/** Both backends give the same, or the same RangeError; so does the public variant. */
const same = (base: bigint, exponent: bigint, bits: number, modulus: bigint): bigint | string => {
  const result = run(() => native.modPow(base, exponent, bits, modulus));
  expect(run(() => portable.modPow(base, exponent, bits, modulus))).toBe(result);
  if (typeof result === 'bigint') {
    expect(native.modPowPublic(base, exponent, modulus)).toBe(result);
    expect(portable.modPowPublic(base, exponent, modulus)).toBe(result);
  }
  return result;
};

const [p = 0n, q = 0n] = fixturePrimes(2048);
const N = p * q;
const odd = (bits: number): fc.Arbitrary<bigint> =>
  fc.bigInt({ min: 1n << BigInt(bits - 1), max: (1n << BigInt(bits)) - 1n }).map((n) => n | 1n);

describe('J-10: powers on both backends', () => {
  test('are those of square and multiply, for moduli of 1 to 2,100 bits around every limit', () => {
    const sizes = [
      1, 2, 3, 8, 63, 64, 65, 255, 256, 448, 504, 511, 512, 513, 520, 1024, 2048, 2100,
    ];
    for (const bits of sizes) {
      fc.assert(
        fc.property(
          odd(bits),
          fc.bigInt({ min: 0n, max: 1n << 2200n }),
          fc.bigInt({ min: 0n, max: (1n << 300n) - 1n }),
          (modulus, base, exponent) => {
            expect(same(base, exponent, 300, modulus)).toBe(naive(base, exponent, modulus));
          },
        ),
        { numRuns: 6 },
      );
    }
  });

  test('take exponents longer than the modulus, and modulus lengths of N, N², Ñ of both sets', () => {
    const [p3 = 0n, q3 = 0n] = fixturePrimes(3072);
    for (const modulus of [p, N, p * p, N * N, p3 * q3, p3 ** 2n * q3 ** 2n]) {
      const exponent = (1n << 2815n) + 12345n;
      expect(same(7n, exponent, 2816, modulus)).toBe(naive(7n, exponent, modulus));
    }
  });

  test.each([p, N, N * N, 15n, (1n << 511n) + 1n, 1n])('edges of bases modulo %#', (modulus) => {
    for (const base of [0n, 1n, 2n, modulus - 1n, modulus, modulus + 1n, 2n * modulus, -1n, -3n]) {
      const reduced = ((base % modulus) + modulus) % modulus;
      for (const exponent of [0n, 1n, 2n, 3n, 65_537n]) {
        expect(same(base, exponent, 64, modulus)).toBe(naive(reduced, exponent, modulus));
      }
    }
  });

  test('results of 1, −1 and 0 are values, not errors', () => {
    const order = (p - 1n) * (q - 1n);
    expect(same(5n, order, 2048, N)).toBe(1n);
    expect(same(p - 2n, p - 1n, 1024, p)).toBe(1n);
    const nonSquare = [2n, 3n, 5n, 7n].find((n) => naive(n, p >> 1n, p) !== 1n) ?? 0n;
    expect(same(nonSquare, p >> 1n, 1024, p)).toBe(p - 1n);
    expect(same(p * 3n, 2n, 64, p * p)).toBe(0n);
    expect(same(p, 5n, 64, N)).toBe(naive(p, 5n, N));
  });

  test('results with leading zero bytes keep their value', () => {
    const modulus = (1n << 2047n) + 1n;
    for (const exponent of [1n, 3n, 8n]) {
      expect(same(2n, exponent, 64, modulus)).toBe(1n << exponent);
    }
  });

  test('even, zero and negative moduli, and exponents out of range, are a RangeError', () => {
    for (const modulus of [0n, -3n, 2n, N + 1n, 1n << 2047n]) {
      expect(same(3n, 5n, 64, modulus)).toBe('RangeError modulus not odd and positive');
    }
    for (const exponent of [-1n, 1n << 64n, 1n << 2048n]) {
      expect(same(3n, exponent, 64, N)).toMatch(/^RangeError exponent not in/);
    }
    expect(() => native.modPowPublic(3n, -1n, N)).toThrow(RangeError);
    expect(() => portable.modPowPublic(3n, -1n, N)).toThrow(RangeError);
  });

  test('many moduli one after the other do not get mixed up', () => {
    const moduli = Array.from({ length: 80 }, (_, at) => (1n << 600n) + 2n * BigInt(at) + 1n);
    for (const modulus of [...moduli, ...moduli.toReversed()]) {
      expect(native.modPow(3n, 12_345n, 64, modulus)).toBe(naive(3n, 12_345n, modulus));
    }
  });

  test('the object behind the native power refuses 0, 1 and −1 itself, which the guard covers', () => {
    const bytes = (n: bigint): Buffer => Buffer.from(n.toString(16).padStart(512, '0'), 'hex');
    const group = createDiffieHellman(bytes(N), Uint8Array.of(2));
    group.setPrivateKey(Buffer.of(3));
    expect(BigInt(`0x${group.computeSecret(bytes(5n)).toString('hex')}`)).toBe(125n);
    // Node 22 has another code and text for −1 than 20 and 24.
    const refused = { name: 'RangeError', code: expect.stringMatching(/^ERR_CRYPTO_INVALID_KEY/) };
    for (const base of [0n, 1n, N - 1n])
      expect(() => group.computeSecret(bytes(base))).toThrow(expect.objectContaining(refused));
  });
});

describe('J-2: the portable power is blinded', () => {
  test('two runs draw different randomness and give the same result', () => {
    const results = [1, 2, 3].map(() => portable.modPow(3n, (1n << 255n) + 77n, 256, N));
    expect(new Set(results)).toEqual(new Set([naive(3n, (1n << 255n) + 77n, N)]));
  });

  test('exponents from 0 to 2¹⁷ around the random divisor are right', () => {
    for (const exponent of [0n, 1n, (1n << 127n) - 1n, 1n << 127n, 1n << 128n, (1n << 256n) - 1n]) {
      expect(portable.modPow(3n, exponent, 257, N)).toBe(naive(3n, exponent, N));
    }
  });
});

describe('primes', () => {
  const cases: [bigint, boolean][] = [
    [-7n, false],
    [0n, false],
    [1n, false],
    [2n, true],
    [3n, true],
    [4n, false],
    [561n, false], // Carmichael
    [341_550_071_728_321n, false], // passes for the first seven prime bases
    [2n ** 127n - 1n, true],
    [2n ** 128n + 1n, false],
    [p, true],
    [p >> 1n, true],
    [N, false],
    [p * p, false],
  ];
  test.each(cases)('isProbablePrime(%#) agrees on both backends', (n, expected) => {
    expect([native.isProbablePrime(n), portable.isProbablePrime(n)]).toEqual([expected, expected]);
  });

  test.each([native, portable])(
    '$name makes safe primes of exactly the length asked for',
    (backend) => {
      for (const bits of [64, 128, 192]) {
        const prime = backend.generateSafePrime(bits);
        expect(prime >> BigInt(bits - 2)).toBe(3n);
        expect(prime & 3n).toBe(3n);
        expect([portable.isProbablePrime(prime), native.isProbablePrime(prime >> 1n)]).toEqual([
          true,
          true,
        ]);
      }
    },
  );
});

describe('J-10: call sites', () => {
  const source = (path: string): string =>
    readFileSync(new URL(`../../src/${path}`, import.meta.url), 'utf8');

  test('variable-time powers are taken by verifiers only', () => {
    for (const file of readdirSync(new URL('../../src/zk', import.meta.url))) {
      const text = source(`zk/${file}`);
      const verifier = text.search(/export function verify/);
      const first = text.indexOf('modPowPublic');
      if (first >= 0) expect(first, file).toBeGreaterThan(verifier);
    }
    for (const file of ['paillier.ts', 'pedersen.ts', 'primes.ts']) {
      expect(source(file), file).not.toContain('modPowPublic');
    }
  });

  test('no power is written with BigInt operators outside of the backend', () => {
    for (const file of ['paillier.ts', 'pedersen.ts', 'primes.ts']) {
      const lines = source(file).split('\n');
      expect(
        lines.filter(
          (line) => /\*\* (?!16|10|BigInt\(k\))/.test(line) && !/^\s*(\/?\*)/.test(line),
        ),
      ).toEqual([]);
    }
  });

  test('the secret exponent is wiped after it was handed over', () => {
    const spy = vi.spyOn(Buffer.prototype, 'fill');
    native.modPow(3n, 12_345n, 64, N);
    const wiped = spy.mock.contexts.some((buffer) => (buffer as Buffer).length === 8);
    spy.mockRestore();
    expect(wiped).toBe(true);
  });
});

test('both backends have the same operations', () => {
  const names = (backend: Backend): string[] => Object.keys(backend).sort();
  expect(names(native)).toEqual(names(portable));
});
