import { secp256k1 } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bigEndian } from '../src/bytes.ts';
import {
  checkDigest,
  concat,
  IntentError,
  parsePayload,
  parseSignature,
  recoverAddress,
  signatureToHex,
  toHex,
  verifySignature,
} from '../src/index.ts';
import { ADDRESS, counting, signDigest } from './support/keys.ts';

const ORDER = secp256k1.Point.Fn.ORDER;
const digest = counting(32, 7);
const signature = signDigest(digest);

test('N-10: signatures of random digests recover to the address, with low s', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (random) => {
      fc.pre(random.some((byte) => byte !== 0));
      const made = signDigest(random);
      expect(recoverAddress(random, made)).toBe(ADDRESS);
      expect(verifySignature(random, made, ADDRESS.toLowerCase())).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test('a signature of another digest, of another key or with one flipped bit does not verify', () => {
  expect(verifySignature(counting(32, 8), signature, ADDRESS)).toBe(false);
  expect(verifySignature(digest, signature, `0x${'11'.repeat(20)}`)).toBe(false);
  for (let at = 0; at < 65; at++) {
    const changed = signature.with(at, signature[at]! ^ 1);
    expect(verifySignature(digest, changed, ADDRESS), `byte ${at}`).toBe(false);
  }
});

test('N-10: the high-s twin of a signature is refused', () => {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32, 64)).toString('hex')}`);
  const v = signature[64]! === 27 ? 28 : 27;
  const twin = concat(signature.subarray(0, 32), bigEndian(ORDER - s, 32), Uint8Array.of(v));
  expect(() => recoverAddress(digest, twin)).toThrow('0 < s ≤ q/2');
  expect(verifySignature(digest, twin, ADDRESS)).toBe(false);
});

test('N-9: r and s of zero, of q and above are refused', () => {
  for (const value of [0n, ORDER, ORDER + 1n, (1n << 256n) - 1n]) {
    const bytes = bigEndian(value, 32);
    const badR = concat(bytes, signature.subarray(32));
    const badS = concat(signature.subarray(0, 32), bytes, signature.subarray(64));
    expect(() => recoverAddress(digest, badR)).toThrow(IntentError);
    expect(() => recoverAddress(digest, badS)).toThrow(IntentError);
    expect(() => signatureToHex(badR)).toThrow('0 < r < q');
    expect(() => signatureToHex(badS)).toThrow('0 < s ≤ q/2');
  }
});

test('N-9: a recovery id of 2 or 3, and v of any other form, are refused', () => {
  for (const v of [0, 1, 2, 3, 26, 29, 30, 37, 38, 255]) {
    expect(() => recoverAddress(digest, signature.with(64, v))).toThrow('v of 27 or 28');
  }
});

test('N-7: a digest of zero, or of another length than 32 bytes, is refused', () => {
  expect(() => recoverAddress(new Uint8Array(32), signature)).toThrow('not zero');
  expect(() => recoverAddress(counting(31), signature)).toThrow('32 bytes');
  expect(verifySignature(new Uint8Array(32), signature, ADDRESS)).toBe(false);
});

test('W-18: a digest of the group order, zero once it is reduced, is refused wherever one is judged', () => {
  const order = bigEndian(ORDER, 32);
  // Anybody can make it of any public key: R = X + a·G, s = r / a.
  const forged = signDigest(order);
  const refusal = new IntentError(
    'intent/digest',
    'a digest that is not zero modulo the group order',
  );
  expect(() => checkDigest(order)).toThrow(refusal);
  expect(() => recoverAddress(order, forged)).toThrow(refusal);
  expect(verifySignature(order, forged, ADDRESS)).toBe(false);
  expect(() => parsePayload({ kind: 'digest', digest: toHex(order) })).toThrow(refusal);
  for (const near of [ORDER - 1n, ORDER + 1n]) {
    expect(checkDigest(bigEndian(near, 32))).toEqual(bigEndian(near, 32));
  }
});

test('N-8: digests above q are reduced once, not refused', () => {
  for (const value of [ORDER + 1n, (1n << 256n) - 1n]) {
    const edge = bigEndian(value, 32);
    expect(verifySignature(edge, signDigest(edge), ADDRESS)).toBe(true);
  }
});

test('the text of a signature has one spelling', () => {
  const text = signatureToHex(signature);
  expect(text).toMatch(/^0x[0-9a-f]{130}$/);
  expect(parseSignature(text)).toEqual(signature);
  for (const other of [text.slice(2), text.toUpperCase(), `${text}00`, text.slice(0, -2), '']) {
    expect(() => parseSignature(other)).toThrow(IntentError);
  }
});
