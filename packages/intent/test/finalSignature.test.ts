import { afterEach, expect, test, vi } from 'vitest';
import { backend as native } from '../src/backend/native.ts';
import { fromHex, recoverAddress, verifyFinalSignature, verifySignature } from '../src/index.ts';
import { ADDRESS, counting, signDigest } from './support/keys.ts';

afterEach(() => vi.restoreAllMocks());

const digest = counting(32, 7);
const signature = signDigest(digest);

test('the last check of a signature does not believe the library that made it', () => {
  // A library that finds its own key in every signature.
  const own = native.recoverSecp256k1(signature.slice(0, 64), signature[64] === 28 ? 1 : 0, digest);
  vi.spyOn(native, 'recoverSecp256k1').mockImplementation(() => own);
  const other = counting(32, 8);
  expect(verifySignature(other, signature, ADDRESS)).toBe(true);
  expect(verifyFinalSignature(other, signature, ADDRESS)).toBe(false);
  expect(verifyFinalSignature(digest, signature, ADDRESS)).toBe(true);
});

test('both checks refuse what is not canonical, and an address that is none', () => {
  for (const verify of [verifySignature, verifyFinalSignature]) {
    expect(verify(digest, signature, recoverAddress(digest, signature))).toBe(true);
    expect(verify(digest, signature.with(64, 29), ADDRESS)).toBe(false);
    expect(verify(digest, fromHex('00'.repeat(65)), ADDRESS)).toBe(false);
    expect(verify(new Uint8Array(32), signature, ADDRESS)).toBe(false);
    expect(verify(digest, signature, '0x12')).toBe(false);
  }
});
