/** Bytes, hex, base64 and integers: strict in, canonical out (J-4). */
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { IntentError } from './errors.ts';

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BASE64_VALUES: ReadonlyMap<string, number> = new Map(
  Array.from(BASE64, (digit, value) => [digit, value]),
);
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Lower-case hex without a prefix. */
export function toHex(bytes: Uint8Array): string {
  return bytesToHex(bytes);
}

/**
 * Decodes hex digits of any case, with or without `0x`.
 *
 * @throws IntentError `intent/hex` for an odd number of digits, another character or another length
 */
export function fromHex(text: string, length?: number): Uint8Array {
  const digits = text.startsWith('0x') ? text.slice(2) : text;
  if (length !== undefined && digits.length !== length * 2) {
    throw new IntentError('intent/hex', `${length * 2} hex digits`);
  }
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) {
    throw new IntentError('intent/hex', 'an even number of hex digits');
  }
  return hexToBytes(digits);
}

/** Encodes standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(at, at + 3);
    const word = (a << 16) | (b << 8) | c;
    const left = bytes.length - at;
    text += BASE64.charAt(word >> 18) + BASE64.charAt((word >> 12) & 63);
    text += left > 1 ? BASE64.charAt((word >> 6) & 63) : '=';
    text += left > 2 ? BASE64.charAt(word & 63) : '=';
  }
  return text;
}

/**
 * Decodes standard base64: padded, no white space, no stray bits, so that every value has one spelling.
 *
 * @throws IntentError `intent/base64`
 */
export function fromBase64(text: string, length?: number): Uint8Array {
  if (length !== undefined && text.length !== Math.ceil(length / 3) * 4) {
    throw new IntentError('intent/base64', `base64 of ${length} bytes`);
  }
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new IntentError('intent/base64', 'padded base64');
  }
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let at = 0, to = 0; at < text.length; at += 4, to += 3) {
    const word = [0, 1, 2, 3].reduce((sum, k) => (sum << 6) | base64Value(text.charAt(at + k)), 0);
    const three = [(word >> 16) & 255, (word >> 8) & 255, word & 255];
    bytes.set(three.slice(0, bytes.length - to), to);
  }
  if (toBase64(bytes) !== text) throw new IntentError('intent/base64', 'canonical base64');
  if (length !== undefined && bytes.length !== length) {
    throw new IntentError('intent/base64', `base64 of ${length} bytes`);
  }
  return bytes;
}

function base64Value(digit: string): number {
  return BASE64_VALUES.get(digit) ?? 0;
}

/** Concatenates bytes into a new array. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...parts);
}

/** Compares without an early exit; the lengths are public. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let at = 0; at < a.length; at++) difference |= (a[at] ?? 0) ^ (b[at] ?? 0);
  return difference === 0;
}

/**
 * The UTF-8 bytes of a well-formed text.
 *
 * @throws IntentError `intent/text` for a lone surrogate, which would be encoded like another text
 */
export function utf8(text: string): Uint8Array {
  if (LONE_SURROGATE.test(text)) throw new IntentError('intent/text', 'well-formed text');
  return utf8ToBytes(text);
}

/** 2 bytes, big-endian. @throws IntentError `intent/integer` */
export function u16(value: number): Uint8Array {
  return bigEndian(checked(value, 0xffff, 16), 2);
}

/** 4 bytes, big-endian. @throws IntentError `intent/integer` */
export function u32(value: number): Uint8Array {
  return bigEndian(checked(value, 0xffffffff, 32), 4);
}

/** 8 bytes, big-endian. @throws IntentError `intent/integer` for a number that is not a safe integer */
export function u64(value: number | bigint): Uint8Array {
  if (typeof value === 'number') return bigEndian(checked(value, Number.MAX_SAFE_INTEGER, 64), 8);
  if (value < 0n || value >= 1n << 64n) throw new IntentError('intent/integer', '64 bits');
  return bigEndian(value, 8);
}

function checked(value: number, max: number, bits: number): bigint {
  if (!Number.isSafeInteger(value) || value < 0 || value > max) {
    throw new IntentError('intent/integer', `a natural number of ${bits} bits`);
  }
  return BigInt(value);
}

/** A natural number in exactly `length` bytes, big-endian; the caller has checked its range. */
export function bigEndian(value: bigint, length: number): Uint8Array {
  return hexToBytes(value.toString(16).padStart(length * 2, '0'));
}

/** Reads big-endian bytes as a natural number; 0 for no bytes. */
export function toBigInt(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytesToHex(bytes)}`);
}

/** Refuses bytes of another length. @throws IntentError `intent/length` */
export function exactly(name: string, bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) {
    throw new IntentError('intent/length', `${name}: ${length} bytes, not ${bytes.length}`);
  }
  return bytes;
}
