import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  checkEd25519PublicKey,
  checkX25519PublicKey,
  decodeSpki,
  fromHex,
  IntentError,
} from '../src/index.ts';
import { SMALL_ED25519, SMALL_X25519 } from './support/smallOrder.ts';

const SPKI = { format: 'der', type: 'spki' } as const;

/** 2^255 - 19 + add, little-endian, with or without the highest bit of the last byte. */
function aboveP(add: bigint, high = false): Uint8Array {
  const value = 2n ** 255n - 19n + add + (high ? 2n ** 255n : 0n);
  return fromHex(value.toString(16).padStart(64, '0')).reverse();
}

/** Whether the check refuses the key by its own code. */
function isRefused(check: (key: Uint8Array) => Uint8Array, key: Uint8Array): boolean {
  try {
    return check(key) !== key;
  } catch (error) {
    expect(error).toBeInstanceOf(IntentError);
    expect(error).toMatchObject({ code: 'intent/public-key' });
    return true;
  }
}

describe('X25519 keys of a peer', () => {
  test.each(SMALL_X25519)('X-4: %s, of small order, is refused', (key) => {
    expect(isRefused(checkX25519PublicKey, fromHex(key))).toBe(true);
  });

  test('X-4: values that are not canonical are refused, up to the last one', () => {
    for (let add = 0n; add < 19n; add += 1n) {
      expect(isRefused(checkX25519PublicKey, aboveP(add)), `p + ${add}`).toBe(true);
    }
    expect(isRefused(checkX25519PublicKey, aboveP(-2n))).toBe(false);
    expect(isRefused(checkX25519PublicKey, aboveP(-2n, true))).toBe(true);
    expect(isRefused(checkX25519PublicKey, new Uint8Array(32).fill(255))).toBe(true);
  });

  test('another length is refused', () => {
    for (const length of [0, 31, 33]) {
      expect(isRefused(checkX25519PublicKey, new Uint8Array(length).fill(9))).toBe(true);
    }
  });

  test('those of RFC 7748, its base point, and what OpenSSL generates are taken', () => {
    const known = [
      '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
      'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
      '09'.padEnd(64, '0'),
    ].map((text) => fromHex(text));
    const made = Array.from({ length: 50 }, () =>
      decodeSpki('X25519', generateKeyPairSync('x25519').publicKey.export(SPKI)),
    );
    for (const key of [...known, ...made]) expect(checkX25519PublicKey(key)).toBe(key);
  });
});

describe('Ed25519 keys of a peer', () => {
  test.each(SMALL_ED25519)('X-4: %s, of small order, is refused', (key) => {
    expect(isRefused(checkEd25519PublicKey, fromHex(key))).toBe(true);
  });

  test('X-4: a y that is not canonical, and one that is of no point, are refused', () => {
    for (let add = 0n; add < 19n; add += 1n) {
      for (const high of [false, true]) {
        expect(isRefused(checkEd25519PublicKey, aboveP(add, high)), `p + ${add}`).toBe(true);
      }
    }
    // y = 2: (y² − 1) / (d·y² + 1) is no square.
    expect(isRefused(checkEd25519PublicKey, fromHex('02'.padEnd(64, '0')))).toBe(true);
    for (const length of [0, 31, 33]) {
      expect(isRefused(checkEd25519PublicKey, new Uint8Array(length))).toBe(true);
    }
  });

  test('those of RFC 8032 and what OpenSSL generates are taken', () => {
    const known = [
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    ].map((text) => fromHex(text));
    const made = Array.from({ length: 50 }, () =>
      decodeSpki('Ed25519', generateKeyPairSync('ed25519').publicKey.export(SPKI)),
    );
    for (const key of [...known, ...made]) expect(checkEd25519PublicKey(key)).toBe(key);
  });
});
