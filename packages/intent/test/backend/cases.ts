import { secp256k1 } from '@noble/curves/secp256k1.js';
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { expect } from 'vitest';
import type { Backend } from '../../src/backend/types.ts';
import { backend as native } from '../../src/backend/native.ts';
import { backend as portable } from '../../src/backend/portable.ts';

/** The orders of the groups of P-256 and secp256k1, and of the fields. */
export const N256 = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
export const P256 = BigInt('0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff');
export const NK1 = BigInt('0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141');

export const bytesOf = (value: bigint, length = 32): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex'));

/** The verdicts of both backends, for an equality that names the case. */
export function verdicts<T>(compute: (backend: Backend) => T): readonly [T, T] {
  return [compute(native), compute(portable)];
}

interface P256Case {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly compact: Uint8Array;
}

/** A key of P-256 and what it signs, by OpenSSL. */
export function p256Signer(): { publicKey: Uint8Array; sign: (message: Uint8Array) => Uint8Array } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const options = (key: KeyObject) => ({ key, dsaEncoding: 'ieee-p1363' }) as const;
  return {
    publicKey: new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(26)),
    sign: (message) => new Uint8Array(sign('sha256', message, options(privateKey))),
  };
}

/** A copy with that bit flipped. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const at = Math.floor(bit / 8);
  return bytes.with(at, (bytes[at] ?? 0) ^ (1 << (bit % 8)));
}

/** Numbers at which implementations of ECDSA differ, if they do. */
export const edges = (order: bigint): bigint[] => [
  0n,
  1n,
  2n,
  order >> 1n,
  (order >> 1n) + 1n,
  order - 1n,
  order,
  order + 1n,
  (1n << 256n) - 1n,
];

/** Both backends judge a mutation of a signed message alike, `count` times. */
export function mutateP256(count: number): void {
  const signer = p256Signer();
  let accepted = 0;
  for (let at = 0; at < count; at += 1) {
    const message = new Uint8Array(randomBytes(at % 97));
    const good = { publicKey: signer.publicKey, message, compact: signer.sign(message) };
    const { publicKey, compact } = mutated(good, at);
    const [one, two] = verdicts((backend) => backend.verifyP256(publicKey, message, compact));
    expect(one, `mutation ${at}`).toBe(two);
    if (one) accepted += 1;
  }
  // A mutation that changes nothing is among them: the property is not one of refusals alone.
  expect(accepted).toBeGreaterThan(count / 20);
}

function mutated(good: P256Case, at: number): P256Case {
  const bit = Math.floor(Math.random() * 512);
  const value = bytesOf(edges(N256)[at % edges(N256).length] ?? 0n);
  const { compact, publicKey } = good;
  switch (at % 8) {
    case 0:
      return good;
    case 1:
      return { ...good, compact: flipped(compact, bit) };
    case 2:
      return { ...good, compact: Uint8Array.of(...value, ...compact.subarray(32)) };
    case 3:
      return { ...good, compact: Uint8Array.of(...compact.subarray(0, 32), ...value) };
    case 4:
      return { ...good, compact: compact.subarray(0, bit % 64) };
    case 5:
      return { ...good, publicKey: flipped(publicKey, bit) };
    case 6:
      return { ...good, publicKey: Uint8Array.of(4, ...value, ...publicKey.subarray(33)) };
    default:
      return {
        ...good,
        compact: Uint8Array.of(...compact.subarray(32), ...compact.subarray(0, 32)),
      };
  }
}

/** Both backends recover the same key, or none, from a mutation of a signature, `count` times. */
export function mutateSecp256k1(count: number): void {
  const secret = new Uint8Array(randomBytes(32));
  let recovered = 0;
  for (let at = 0; at < count; at += 1) {
    const digest = new Uint8Array(randomBytes(32));
    const made = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' });
    const bit = Math.floor(Math.random() * 512);
    const compact = at % 3 === 0 ? made.slice(1) : flipped(made.slice(1), bit);
    const hash = at % 5 === 0 ? flipped(digest, bit % 256) : digest;
    const yParity = at % 2 === 0 ? 0 : 1;
    const [one, two] = verdicts((backend) => backend.recoverSecp256k1(compact, yParity, hash));
    expect(one, `mutation ${at}`).toEqual(two);
    if (one !== null) recovered += 1;
  }
  expect(recovered).toBeGreaterThan(count / 4);
}
