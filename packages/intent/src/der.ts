/** DER of ECDSA signatures, strict both ways: one signature, one spelling. */
import { concat } from './bytes.ts';
import { IntentError } from './errors.ts';

const SEQUENCE = 0x30;
const INTEGER = 0x02;

/** Encodes r ‖ s (64 bytes) as DER. @throws IntentError `intent/signature` */
export function encodeDer(compact: Uint8Array): Uint8Array {
  if (compact.length !== 64) throw new IntentError('intent/signature', 'r ‖ s in 64 bytes');
  const body = concat(encodeInteger(compact.subarray(0, 32)), encodeInteger(compact.subarray(32)));
  return concat(Uint8Array.of(SEQUENCE, body.length), body);
}

function encodeInteger(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = bytes.subarray(first < 0 ? bytes.length - 1 : first);
  const sign = (digits[0] ?? 0) >= 0x80 ? [0] : [];
  return concat(Uint8Array.of(INTEGER, digits.length + sign.length, ...sign), digits);
}

/**
 * Decodes DER to r ‖ s (64 bytes). Refuses all but the minimal encoding of two natural numbers of at most 256
 * bits; the verifier decides whether they are in the range of a curve.
 *
 * @throws IntentError `intent/signature`
 */
export function decodeDer(der: Uint8Array): Uint8Array {
  if (der[0] !== SEQUENCE || der[1] !== der.length - 2 || der.length > 72) {
    throw new IntentError('intent/signature', 'a DER sequence of exactly the given length');
  }
  const r = decodeInteger(der, 2);
  const s = decodeInteger(der, r.end);
  if (s.end !== der.length) throw new IntentError('intent/signature', 'two DER integers, no more');
  return concat(r.bytes, s.bytes);
}

function decodeInteger(der: Uint8Array, at: number): { bytes: Uint8Array; end: number } {
  const length = der[at + 1] ?? 0;
  const end = at + 2 + length;
  const digits = der.subarray(at + 2, end);
  const [first = 0, second = 0] = digits;
  const padded = first === 0 && digits.length > 1;
  if (der[at] !== INTEGER || length === 0 || end > der.length) {
    throw new IntentError('intent/signature', 'a DER integer');
  }
  if (first >= 0x80 || (padded && second < 0x80) || digits.length - (padded ? 1 : 0) > 32) {
    throw new IntentError('intent/signature', 'a minimal DER integer of at most 256 bits');
  }
  const bytes = new Uint8Array(32);
  const value = padded ? digits.subarray(1) : digits;
  bytes.set(value, 32 - value.length);
  return { bytes, end };
}
