import { createPublicKey, verify } from 'node:crypto';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { expect } from 'vitest';
import { decodePoint } from '../../src/curve.ts';
import type { Signature } from '../../src/index.ts';
import type { Keyshare } from '../../src/dkls23/index.ts';

/** noble's opinion of a signature; that of OpenSSL is `opensslAccepts`. Neither is our code. */
export function expectValid(signature: Signature, digest: Uint8Array, publicKey: Uint8Array): void {
  const compact = signature.bytes.slice(0, 64);
  expect(secp256k1.verify(compact, digest, publicKey, { prehash: false, lowS: true })).toBe(true);
  const recovered = secp256k1.Signature.fromBytes(compact, 'compact')
    .addRecoveryBit(signature.recovery)
    .recoverPublicKey(digest);
  expect(recovered.toBytes(true)).toEqual(publicKey);
  expect(signature.bytes[64]).toBe(27 + signature.recovery);
}

/** Checks with OpenSSL, which hashes by itself: so the digest is that of a known message. */
export function opensslAccepts(
  compact: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  const point = decodePoint(publicKey);
  if (point === null) return false;
  const part = (from: number): string =>
    Buffer.from(point.slice(from, from + 32)).toString('base64url');
  const key = { kty: 'EC', crv: 'secp256k1', x: part(1), y: part(33) };
  const jwk = createPublicKey({ key, format: 'jwk' });
  return verify('sha256', message, { key: jwk, dsaEncoding: 'ieee-p1363' }, compact);
}

/** The key that keyshares are of. */
export function publicKeyOf(keyshares: ReadonlyMap<number, Keyshare>): Uint8Array {
  const [first] = keyshares.values();
  if (first === undefined) throw new Error('no keyshare');
  return first.publicKey;
}
