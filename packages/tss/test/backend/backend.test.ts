import { createCipheriv, createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  negateScalar,
  Q,
  type Scalar,
  scalarFromBytes,
  scalarFromNumber,
} from '../../src/arith/scalar.ts';
import { backend as native } from '../../src/backend/native.ts';
import { backend as portable } from '../../src/backend/portable.ts';
import type { Backend, Point } from '../../src/backend/types.ts';

const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const bytesOf = (value: bigint): Uint8Array => unhex(value.toString(16).padStart(64, '0'));
const scalar = (value: bigint): Scalar => {
  const decoded = scalarFromBytes(bytesOf(value));
  if (decoded === null) throw new Error('not canonical');
  return decoded;
};
const MINUS_ONE = scalar(Q - 1n);
const ZERO = scalarFromNumber(0);
const ONE = scalarFromNumber(1);
/** A value that a caller who breaks the type could hand over. */
const unreduced = bytesOf(Q) as Scalar;
const P = 2n ** 256n - 2n ** 32n - 977n;

const run = (compute: () => unknown): unknown => {
  try {
    return compute();
  } catch (error) {
    return error instanceof RangeError ? `RangeError ${error.message}` : error;
  }
};

/** Both backends give the same result, or the same RangeError; returns it. */
const same = <T>(compute: (backend: Backend) => T): unknown => {
  const result = run(() => compute(native));
  expect(result).toEqual(run(() => compute(portable)));
  return result;
};

const scalars = fc.oneof(
  fc.constantFrom(1n, 2n, 3n, Q - 1n, Q - 2n, Q / 2n, 2n ** 128n),
  fc.bigInt({ min: 1n, max: Q - 1n }),
);
const G = native.mulBase(ONE);
const offCurve = (): Point => {
  const bytes = G.slice();
  bytes[64]! ^= 1;
  return bytes as Point;
};
const badPoints = (): Point[] =>
  [
    offCurve(),
    new Uint8Array(65),
    Uint8Array.of(4, ...bytesOf(P), ...G.subarray(33)),
    G.slice(0, 64),
    new Uint8Array(0),
  ].map((bytes) => bytes as Point);

test('each backend is the one that it says', () => {
  expect([native.name, portable.name]).toEqual(['native', 'portable']);
});

describe('J-10: both backends give equal bytes', () => {
  test('multiplication of the base and of other points, at the edges and at random', () => {
    fc.assert(
      fc.property(scalars, scalars, (a, b) => {
        const point = same((backend) => backend.mulBase(scalar(a))) as Point;
        const product = same((backend) => backend.mul(point, scalar(b)));
        expect(same((backend) => backend.mulPublic(point, scalar(b)))).toEqual(product);
        expect(same((backend) => backend.mulBase(scalar((a * b) % Q)))).toEqual(product);
      }),
      { numRuns: 25 },
    );
  });

  test('scalars 0 and q are a RangeError, 1 and q − 1 are not', () => {
    for (const bad of [ZERO, unreduced, new Uint8Array(31) as Scalar]) {
      expect(same((backend) => backend.mulBase(bad))).toContain('RangeError');
      expect(same((backend) => backend.mul(G, bad))).toContain('RangeError');
      expect(same((backend) => backend.mulPublic(G, bad))).toContain('RangeError');
    }
    expect(same((backend) => backend.mulBase(ONE))).toEqual(G);
    expect(same((backend) => backend.mulBase(MINUS_ONE))).toEqual(native.negate(G));
    expect(same((backend) => backend.mul(G, MINUS_ONE))).toEqual(native.negate(G));
  });

  test('points that are not on the curve are a RangeError', () => {
    for (const bad of badPoints()) {
      expect(same((backend) => backend.mul(bad, ONE))).toContain('RangeError');
      expect(same((backend) => backend.mulPublic(bad, ONE))).toContain('RangeError');
      expect(same((backend) => backend.negate(bad))).toContain('RangeError');
      expect(same((backend) => backend.sum([G, bad]))).toContain('RangeError');
    }
  });

  test('sums, with null for the identity', () => {
    const double = native.mulBase(scalarFromNumber(2));
    const minus = native.negate(G);
    expect(same((backend) => backend.sum([]))).toBeNull();
    expect(same((backend) => backend.sum([G]))).toEqual(G);
    expect(same((backend) => backend.sum([G, G]))).toEqual(double);
    expect(same((backend) => backend.sum([G, minus]))).toBeNull();
    expect(same((backend) => backend.sum([G, minus, double]))).toEqual(double);
    expect(same((backend) => backend.sum([double, minus, minus]))).toBeNull();
  });

  test('decoding takes canonical compressed points only, and encoding inverts it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.constantFrom(2, 3),
        (x, tag) => {
          const encoded = Uint8Array.of(tag, ...x);
          const point = same((backend) => backend.decodePoint(encoded)) as Point | null;
          if (point === null) return;
          expect(same((backend) => backend.encodePoint(point))).toEqual(encoded);
          const negated = same((backend) => backend.negate(point)) as Point;
          expect(native.encodePoint(negated)).toEqual(Uint8Array.of(5 - tag, ...x));
        },
      ),
      { numRuns: 100 },
    );
    const compressed = native.encodePoint(G);
    const bad = [
      new Uint8Array(33),
      new Uint8Array(0),
      Uint8Array.of(0),
      compressed.slice(0, 32),
      Uint8Array.of(...compressed, 0),
      Uint8Array.of(4, ...compressed.subarray(1)),
      Uint8Array.of(6, ...compressed.subarray(1)),
      Uint8Array.of(2, ...bytesOf(P)), // x = p is 0, not canonical
      Uint8Array.of(2, ...bytesOf(P + 1n)), // the same as x = 1, which is on the curve
      Uint8Array.of(2, ...bytesOf(5n)), // x = 5 is not on the curve
      G,
    ];
    for (const bytes of bad) expect(same((backend) => backend.decodePoint(bytes))).toBeNull();
    const candidates = Uint8Array.of(...bad[8]!, ...bad[9]!, ...compressed, ...compressed);
    expect(same((backend) => backend.firstPoint(candidates))).toEqual(G);
    expect(same((backend) => backend.firstPoint(candidates.subarray(0, 98)))).toBeNull();
    expect(same((backend) => backend.firstPoint(new Uint8Array(0)))).toBeNull();
  });

  test('hashes and MACs agree with each other and with node:crypto', () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 });
    fc.assert(
      fc.property(
        parts,
        fc.uint8Array({ maxLength: 150 }),
        fc.integer({ min: 1, max: 400 }),
        (list, key, length) => {
          const joined = Buffer.concat(list);
          expect(same((backend) => backend.sha256(...list))).toEqual(
            new Uint8Array(createHash('sha256').update(joined).digest()),
          );
          expect(same((backend) => backend.hmacSha256(key, ...list))).toEqual(
            new Uint8Array(createHmac('sha256', key).update(joined).digest()),
          );
          expect(same((backend) => backend.sha512hmac(key, ...list))).toEqual(
            new Uint8Array(createHmac('sha512', key).update(joined).digest()),
          );
          expect(same((backend) => backend.shake256(length, ...list))).toEqual(
            new Uint8Array(
              createHash('shake256', { outputLength: length }).update(joined).digest(),
            ),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test('AES-128 of many blocks gives FIPS 197 and refuses part of a block', () => {
    const key = unhex('000102030405060708090a0b0c0d0e0f');
    const block = unhex('00112233445566778899aabbccddeeff');
    const blocks = Uint8Array.of(...block, ...key, ...block);
    const result = same((backend) => backend.aes128(key)(blocks)) as Uint8Array;
    expect(result.slice(0, 16)).toEqual(unhex('69c4e0d86a7b0430d8cdb78070b4c55a'));
    expect(result.slice(32)).toEqual(result.slice(0, 16));
    const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
    expect(result).toEqual(new Uint8Array(cipher.update(blocks)));
    const twice = same((backend) => {
      const permute = backend.aes128(key);
      return Uint8Array.of(...permute(blocks.slice(0, 32)), ...permute(blocks.slice(32)));
    });
    expect(twice).toEqual(result);
    expect(same((backend) => backend.aes128(key)(blocks.slice(1)))).toContain('RangeError');
    expect(same((backend) => backend.aes128(key.slice(1))(blocks))).toContain('RangeError');
    expect(same((backend) => backend.aes128(key)(new Uint8Array(0)))).toEqual(new Uint8Array(0));
  });
});

describe('ECDSA on both backends', () => {
  const digest = native.sha256(Uint8Array.of(1));
  // s = k⁻¹(m + r·x) with k = 1: r = G.x mod q
  const secret = scalarFromNumber(7);
  const publicKey = native.mulBase(secret);
  const r = BigInt(`0x${Buffer.from(G.subarray(1, 33)).toString('hex')}`);
  const s = (BigInt(`0x${Buffer.from(digest).toString('hex')}`) + r * 7n) % Q;
  const low = s > Q / 2n ? Q - s : s;
  const parity = (G[64]! & 1) ^ (s > Q / 2n ? 1 : 0);
  const signature = (first: bigint, second: bigint): Uint8Array =>
    Uint8Array.of(...bytesOf(first), ...bytesOf(second));

  test('a signature recovers its key, with the other parity another one', () => {
    const valid = signature(r, low);
    expect(same((backend) => backend.ecdsaRecover(valid, parity, digest))).toEqual(publicKey);
    expect(same((backend) => backend.ecdsaRecover(valid, 1 - parity, digest))).not.toEqual(
      publicKey,
    );
  });

  test('N-9: another r, s or digest recovers another key or none', () => {
    const other = native.sha256(Uint8Array.of(2));
    for (const [bytes, signed] of [
      [signature(r, low - 1n), digest],
      [signature(r + 1n, low), digest],
      [signature(r, Q - low), digest],
      [signature(r, low), other],
    ] as const) {
      const found = same((backend) => backend.ecdsaRecover(bytes, parity, signed));
      expect(found).not.toEqual(publicKey);
    }
    const high = signature(r, Q - low); // is made low by the caller (G8), with the other parity
    expect(same((backend) => backend.ecdsaRecover(high, 1 - parity, digest))).toEqual(publicKey);
  });

  test('recovery refuses values out of range and recovery ids that give no point', () => {
    const valid = signature(r, low);
    for (const recovery of [2, 3, 4, -1, 1.5, Number.NaN]) {
      expect(same((backend) => backend.ecdsaRecover(valid, recovery, digest))).toBeNull();
    }
    for (const bytes of [
      signature(0n, low),
      signature(r, 0n),
      signature(Q, 1n),
      signature(1n, Q),
    ]) {
      expect(same((backend) => backend.ecdsaRecover(bytes, 0, digest))).toBeNull();
    }
    expect(same((backend) => backend.ecdsaRecover(valid.slice(1), 0, digest))).toBeNull();
    expect(same((backend) => backend.ecdsaRecover(valid, 0, digest.slice(1)))).toBeNull();
  });

  test('N-9: a nonce point with x ≥ q recovers with ids 2 and 3', () => {
    // r + q is the smallest x above q that is on the curve.
    let r2 = 1n;
    while (native.decodePoint(Uint8Array.of(2, ...bytesOf(Q + r2))) === null) r2 += 1n;
    const large = signature(r2, low);
    expect(same((backend) => backend.ecdsaRecover(large, 2, digest))).not.toBeNull();
    expect(same((backend) => backend.ecdsaRecover(large, 3, digest))).not.toBeNull();
  });
});

describe('randomness', () => {
  test.each([native, portable])('N-6: $name draws differ and have their length', (backend) => {
    const draws = Array.from({ length: 64 }, () =>
      Buffer.from(backend.randomBytes(32)).toString('hex'),
    );
    expect(new Set(draws).size).toBe(64);
    expect(backend.randomBytes(0).length).toBe(0);
    expect(backend.randomBytes(1000).length).toBe(1000);
  });
});

describe('J-1: elliptic is never there', () => {
  const root = new URL('../../../../', import.meta.url);
  test('the lock file resolves its name to another package and has no bn.js', () => {
    const lock = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8'));
    const elliptic = lock.packages['node_modules/elliptic'];
    expect(elliptic === undefined || elliptic.name === '@noble/hashes').toBe(true);
    const names = Object.keys(lock.packages);
    expect(names.filter((name) => /node_modules\/(bn\.js|brorand|hmac-drbg)$/.test(name))).toEqual(
      [],
    );
  });

  test('no module of elliptic, and not the JavaScript half of secp256k1, is loaded', () => {
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    expect(loaded.some((path) => path.endsWith('secp256k1/bindings.js'))).toBe(true);
    expect(loaded.filter((path) => /elliptic/.test(path))).toEqual([]);
  });
});

test('J-10: variable-time multiplication of the native backend serves mulPublic alone', () => {
  const source = readFileSync(new URL('../../src/backend/native.ts', import.meta.url), 'utf8');
  const calls = source.split('\n').filter((line) => line.includes('bindings.publicKeyTweakMul'));
  expect(calls.map((line) => line.trim())).toEqual([
    'mulPublic: (point, scalar) => inRange(() => bindings.publicKeyTweakMul(point, scalar, false)),',
  ]);
  expect(source).not.toMatch(/privateKey|ecdsaSign|publicKeyTweakAdd/);
});

test('negation of a scalar and of a point agree', () => {
  const secret = scalarFromNumber(99);
  expect(native.mulBase(negateScalar(secret))).toEqual(native.negate(native.mulBase(secret)));
});
