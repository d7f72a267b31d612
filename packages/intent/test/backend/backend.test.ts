import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { backend as native } from '../../src/backend/native.ts';
import { backend as portable } from '../../src/backend/portable.ts';
import {
  bytesOf,
  edges,
  flipped,
  mutateP256,
  mutateSecp256k1,
  N256,
  NK1,
  P256,
  p256Signer,
  verdicts,
} from './cases.ts';

const message = new Uint8Array(randomBytes(40));
const digest = new Uint8Array(createHash('sha256').update(message).digest());

test('each backend is the one that it says', () => {
  expect([native.name, portable.name]).toEqual(['native', 'portable']);
});

describe('P-256: both backends give equal verdicts', () => {
  const signer = p256Signer();
  const compact = signer.sign(message);
  const judge = (publicKey: Uint8Array, signature: Uint8Array, text: Uint8Array = message) =>
    verdicts((backend) => backend.verifyP256(publicKey, text, signature));

  test('N-8: a good signature, its high-s twin, another message', () => {
    const s = BigInt(`0x${Buffer.from(compact.subarray(32)).toString('hex')}`);
    const twin = Uint8Array.of(...compact.subarray(0, 32), ...bytesOf(N256 - s));
    expect(judge(signer.publicKey, compact)).toEqual([true, true]);
    expect(judge(signer.publicKey, twin)).toEqual([true, true]);
    expect(judge(signer.publicKey, compact, flipped(message, 3))).toEqual([false, false]);
    expect(judge(signer.publicKey, compact, new Uint8Array())).toEqual([false, false]);
  });

  test('N-9: r and s at the edges of their range', () => {
    for (const r of edges(N256)) {
      for (const s of edges(N256)) {
        const signature = Uint8Array.of(...bytesOf(r), ...bytesOf(s));
        expect(judge(signer.publicKey, signature), `${r} ${s}`).toEqual([false, false]);
      }
      const [badR, badS] = [
        Uint8Array.of(...bytesOf(r), ...compact.subarray(32)),
        Uint8Array.of(...compact.subarray(0, 32), ...bytesOf(r)),
      ];
      expect(judge(signer.publicKey, badR)).toEqual([false, false]);
      expect(judge(signer.publicKey, badS)).toEqual([false, false]);
    }
  });

  test('N-9: a point whose x is above the order: r is its remainder', () => {
    const x = Array.from({ length: 200 }, (_, at) => N256 + BigInt(at + 1)).find(isX);
    if (x === undefined) throw new Error('no point with a large x');
    const signature = Uint8Array.of(...bytesOf(x - N256), ...bytesOf(1n));
    expect(judge(keyOfNonce(x), signature)).toEqual([true, true]);
  });

  const isX = (x: bigint): boolean => {
    try {
      pointOfX(x);
      return true;
    } catch {
      return false;
    }
  };
  const pointOfX = (x: bigint) => p256.Point.fromBytes(Uint8Array.of(2, ...bytesOf(x)));
  /** The key under which r = x − n and s = 1 sign the message: Q = r⁻¹·(R − z·G). */
  const keyOfNonce = (x: bigint): Uint8Array => {
    const z = BigInt(`0x${Buffer.from(digest).toString('hex')}`) % N256;
    const inverse = p256.Point.Fn.inv(x - N256);
    const R = pointOfX(x);
    return R.subtract(p256.Point.BASE.multiply(z)).multiply(inverse).toBytes(false);
  };

  test('J-4: signatures and keys of another length', () => {
    for (const length of [0, 1, 63, 65, 72]) {
      expect(judge(signer.publicKey, new Uint8Array(length))).toEqual([false, false]);
    }
    expect(judge(signer.publicKey, Uint8Array.of(...compact, 0))).toEqual([false, false]);
  });

  test('keys: off the curve, not reduced, hybrid, compressed, the identity', () => {
    const [x, y] = [signer.publicKey.subarray(1, 33), signer.publicKey.subarray(33)];
    const bad = [
      flipped(signer.publicKey, 64 * 8),
      Uint8Array.of(4, ...bytesOf(P256), ...y),
      Uint8Array.of(4, ...x, ...bytesOf((1n << 256n) - 1n)),
      Uint8Array.of(6 + ((y[31] ?? 0) & 1), ...x, ...y),
      Uint8Array.of(2 + ((y[31] ?? 0) & 1), ...x),
      Uint8Array.of(0),
      new Uint8Array(65),
      new Uint8Array(0),
      Uint8Array.of(...signer.publicKey, 0),
    ];
    for (const key of bad) {
      expect(verdicts((backend) => backend.isP256Point(key))).toEqual([false, false]);
      expect(judge(key, compact)).toEqual([false, false]);
    }
    expect(verdicts((backend) => backend.isP256Point(signer.publicKey))).toEqual([true, true]);
  });

  test('a key that was parsed before is not taken for another', () => {
    const others = Array.from({ length: 5 }, () => p256Signer());
    for (const { publicKey } of others) {
      expect(judge(publicKey, compact)).toEqual([false, false]);
    }
    expect(judge(signer.publicKey, compact)).toEqual([true, true]);
  });

  test('2,000 mutations of keys, messages and signatures', () => mutateP256(2_000));
});

describe('secp256k1: both backends give equal results', () => {
  const secret = new Uint8Array(randomBytes(32));
  const publicKey = secp256k1.getPublicKey(secret, false);
  const made = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' });
  const [parity = 0] = made;
  const compact = made.subarray(1);
  const recover = (signature: Uint8Array, yParity: 0 | 1, hash: Uint8Array = digest) =>
    verdicts((backend) => backend.recoverSecp256k1(signature, yParity, hash));

  test('N-9: recovery gives the key that signed', () => {
    const yParity = parity === 0 ? 0 : 1;
    expect(recover(compact, yParity)).toEqual([publicKey, publicKey]);
    const [other, same] = recover(compact, yParity === 0 ? 1 : 0);
    expect(other).toEqual(same);
    expect(other).not.toEqual(publicKey);
  });

  test('N-9: r and s at the edges, digests of 0, q and above', () => {
    const digests = [0n, 1n, NK1 - 1n, NK1, NK1 + 1n, (1n << 256n) - 1n].map((value) =>
      bytesOf(value),
    );
    for (const r of edges(NK1)) {
      for (const s of edges(NK1)) {
        for (const hash of digests) {
          const signature = Uint8Array.of(...bytesOf(r), ...bytesOf(s));
          const [one, two] = recover(signature, 1, hash);
          expect(one, `${r} ${s}`).toEqual(two);
        }
      }
    }
    expect(recover(new Uint8Array(64), 0)).toEqual([null, null]);
  });

  test('a signature whose key would be the identity recovers nothing', () => {
    // s·R = z·G: with R = G and s = z.
    const G = secp256k1.Point.BASE.toBytes(false);
    const signature = Uint8Array.of(...G.subarray(1, 33), ...bytesOf(7n));
    const parityOfG = ((G[64] ?? 0) & 1) === 0 ? 0 : 1;
    expect(recover(signature, parityOfG, bytesOf(7n))).toEqual([null, null]);
  });

  test('keys: compressed and not; hybrid, off the curve and other lengths are none', () => {
    const decode = (bytes: Uint8Array) => verdicts((backend) => backend.decodeSecp256k1(bytes));
    const compressed = secp256k1.Point.fromBytes(publicKey).toBytes(true);
    expect(decode(compressed)).toEqual([publicKey, publicKey]);
    expect(decode(publicKey)).toEqual([publicKey, publicKey]);
    const hybrid = publicKey.with(0, 6 + ((publicKey[64] ?? 0) & 1));
    const bad = [
      hybrid,
      flipped(publicKey, 64 * 8),
      compressed.subarray(0, 32),
      Uint8Array.of(...compressed, 0),
      Uint8Array.of(0),
      new Uint8Array(0),
      new Uint8Array(33),
      new Uint8Array(65),
      Uint8Array.of(2, ...new Uint8Array(32).fill(255)),
    ];
    for (const bytes of bad) expect(decode(bytes)).toEqual([null, null]);
  });

  test('500 mutations of signatures, digests and parities', () => mutateSecp256k1(500));
});
