import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  equalBytes,
  fromBase64,
  fromHex,
  IntentError,
  toBase64,
  toHex,
  u16,
  u32,
  u64,
  utf8,
} from '../src/index.ts';

/** Whatever is decoded is either refused with a typed error or has exactly this spelling. */
function decodesOrRefuses<T>(decode: () => T, encode: (value: T) => unknown, input: unknown): void {
  let value: T;
  try {
    value = decode();
  } catch (error) {
    expect(error).toBeInstanceOf(IntentError);
    return;
  }
  expect(encode(value)).toEqual(input);
}

describe('hex', () => {
  test('hex round trips', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => equalBytes(fromHex(toHex(bytes)), bytes)));
  });

  test('J-4: hex of odd length, with white space, a sign or another letter is refused', () => {
    for (const text of ['0', '0x0', ' 00', '00\n', '-1', '0g', '0x0x', '0X00', '٠٠']) {
      expect(() => fromHex(text), text).toThrow(IntentError);
    }
    expect(() => fromHex('0011', 3)).toThrow('6 hex digits');
  });

  test('J-4: hex decodes to what encodes back, or is refused', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'0123456789abcdefx'.split('')) }),
    );
    fc.assert(
      fc.property(text, (input) => {
        decodesOrRefuses(() => fromHex(input), toHex, input.replace(/^0x/, '').toLowerCase());
      }),
    );
  });
});

describe('base64', () => {
  test('base64 agrees with the platform', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
      }),
    );
  });

  test('J-4: base64 without padding, with stray bits, white space or the URL alphabet is refused', () => {
    for (const text of ['AA', 'AA=', 'AB==', 'AAB=', 'AA==\n', ' AAA', 'AA-_', '=AAA', 'A===']) {
      expect(() => fromBase64(text), text).toThrow(IntentError);
    }
    expect(() => fromBase64('AAAA', 4)).toThrow('base64 of 4 bytes');
  });

  test('J-4: base64 decodes to what encodes back, or is refused', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'ABab01+/='.split('')) }),
      fc.base64String(),
    );
    fc.assert(
      fc.property(text, (input) => decodesOrRefuses(() => fromBase64(input), toBase64, input)),
      { numRuns: 1000 },
    );
  });
});

describe('integers and text', () => {
  test('integers are big-endian and of fixed width', () => {
    expect(toHex(u16(258))).toBe('0102');
    expect(toHex(u32(0xdeadbeef))).toBe('deadbeef');
    expect(toHex(u64(Number.MAX_SAFE_INTEGER))).toBe('001fffffffffffff');
    expect(toHex(u64((1n << 64n) - 1n))).toBe('ffffffffffffffff');
  });

  test('J-4: integers out of range, fractions and NaN are refused', () => {
    for (const value of [-1, 0.5, NaN, Infinity, 65_536]) {
      expect(() => u16(value), String(value)).toThrow(IntentError);
    }
    expect(() => u32(2 ** 32)).toThrow(IntentError);
    expect(() => u64(2 ** 53)).toThrow(IntentError);
    expect(() => u64(1n << 64n)).toThrow(IntentError);
    expect(() => u64(-1n)).toThrow(IntentError);
  });

  test('text with a lone surrogate is refused instead of being replaced', () => {
    expect(() => utf8('a\ud800')).toThrow(IntentError);
    expect(toHex(utf8('é😀'))).toBe('c3a9f09f9880');
  });

  test('comparison sees every byte and the length', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect(equalBytes(bytes, Uint8Array.of(1, 2, 3))).toBe(true);
    for (let at = 0; at < 3; at++) expect(equalBytes(bytes, bytes.with(at, 9))).toBe(false);
    expect(equalBytes(bytes, bytes.subarray(0, 2))).toBe(false);
  });
});
