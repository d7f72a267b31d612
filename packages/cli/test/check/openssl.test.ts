import { createHash, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { recoverWithOpenSsl, verifyWithOpenSsl } from '../../src/check/openssl.ts';

const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

function publicKeyOf(key: KeyObject): Uint8Array {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return Uint8Array.of(4, ...Buffer.from(x, 'base64url'), ...Buffer.from(y, 'base64url'));
}

/** A low-s signature by OpenSSL itself over SHA-256 of the message. */
function signed(message: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  const bytes = createSign('sha256')
    .update(message)
    .sign({ key: privateKey, dsaEncoding: 'ieee-p1363' });
  const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  const low = s > N / 2n ? N - s : s;
  return {
    digest: createHash('sha256').update(message).digest(),
    publicKey: publicKeyOf(publicKey),
    r: new Uint8Array(bytes.subarray(0, 32)),
    s: new Uint8Array(Buffer.from(low.toString(16).padStart(64, '0'), 'hex')),
  };
}

describe('verification by OpenSSL', () => {
  test('signatures that OpenSSL made are accepted and their key is recovered', () => {
    for (let run = 0; run < 20; run += 1) {
      const { digest, publicKey, r, s } = signed(`message ${run}`);
      expect(verifyWithOpenSsl(digest, { r, s }, publicKey)).toBe(true);
      const recovered = [0, 1].map((recovery) => recoverWithOpenSsl(digest, { r, s, recovery }));
      expect(recovered.map((key) => key && Buffer.from(key).toString('hex'))).toContain(
        Buffer.from(publicKey).toString('hex'),
      );
    }
  });

  test('another digest, key or value is refused', () => {
    const { digest, publicKey, r, s } = signed('one');
    const other = signed('two');
    expect(verifyWithOpenSsl(other.digest, { r, s }, publicKey)).toBe(false);
    expect(verifyWithOpenSsl(digest, { r, s }, other.publicKey)).toBe(false);
    expect(verifyWithOpenSsl(digest, { r: other.r, s }, publicKey)).toBe(false);
    expect(verifyWithOpenSsl(digest, { r, s: other.s }, publicKey)).toBe(false);
  });

  test('a signature for the negated key is refused', () => {
    const { digest, publicKey, r, s } = signed('sign');
    const P = 2n ** 256n - 2n ** 32n - 977n;
    const y = P - BigInt(`0x${Buffer.from(publicKey.subarray(33)).toString('hex')}`);
    const negated = Uint8Array.of(
      ...publicKey.subarray(0, 33),
      ...Buffer.from(y.toString(16).padStart(64, '0'), 'hex'),
    );
    expect(verifyWithOpenSsl(digest, { r, s }, negated)).toBe(false);
  });

  test('a high s, zeros, values over the order and broken keys are refused', () => {
    const { digest, publicKey, r, s } = signed('range');
    const high = Buffer.from(
      (N - BigInt(`0x${Buffer.from(s).toString('hex')}`)).toString(16).padStart(64, '0'),
      'hex',
    );
    const zero = new Uint8Array(32);
    const over = new Uint8Array(32).fill(255);
    expect(verifyWithOpenSsl(digest, { r, s: high }, publicKey)).toBe(false);
    expect(verifyWithOpenSsl(digest, { r: zero, s }, publicKey)).toBe(false);
    expect(verifyWithOpenSsl(digest, { r, s: zero }, publicKey)).toBe(false);
    expect(verifyWithOpenSsl(digest, { r: over, s }, publicKey)).toBe(false);
    expect(verifyWithOpenSsl(digest, { r, s }, new Uint8Array(65))).toBe(false);
    for (const recovery of [0, 1]) {
      expect(recoverWithOpenSsl(digest, { r, s: high, recovery })).toBeUndefined();
    }
    expect(recoverWithOpenSsl(digest, { r: over, s, recovery: 0 })).toBeUndefined();
    expect(recoverWithOpenSsl(digest, { r, s, recovery: 2 })).toBeUndefined();
  });
});
