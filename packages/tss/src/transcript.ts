/**
 * The one way to hash anything: a label, the number of fields, and every field with its
 * length, so that no two different tuples give the same bytes (F-1).
 *
 * `H(tag, f1..fk)` of docs/spec/session.md.
 */
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { backend } from '#backend';
import { writeU64 } from './arith/bytes.ts';
import { LABELS } from './label.ts';

const TAGS = new Map<string, Uint8Array>(
  Object.values(LABELS).map((label) => [label, utf8ToBytes(label)]),
);

/** Encodes a label and fields injectively: `len64(label) ‖ label ‖ u64(k) ‖ (len64(f) ‖ f)…`. */
export function framed(label: string, ...fields: readonly Uint8Array[]): Uint8Array {
  const tag = TAGS.get(label) ?? utf8ToBytes(label);
  const length = fields.reduce((sum, field) => sum + 8 + field.length, 16 + tag.length);
  const whole = new Uint8Array(length);
  writeU64(whole, 0, tag.length);
  whole.set(tag, 8);
  let at = 8 + tag.length;
  writeU64(whole, at, fields.length);
  at += 8;
  for (const field of fields) {
    writeU64(whole, at, field.length);
    whole.set(field, at + 8);
    at += 8 + field.length;
  }
  return whole;
}

/** Hashes the framing, which may hold secrets, and wipes it. */
const consume = (whole: Uint8Array, digest: (whole: Uint8Array) => Uint8Array): Uint8Array => {
  try {
    return digest(whole);
  } finally {
    whole.fill(0);
  }
};

/** SHA-256 of the framed tuple, 32 bytes. */
export function hash(label: string, ...fields: readonly Uint8Array[]): Uint8Array {
  return consume(framed(label, ...fields), (whole) => backend.sha256(whole));
}

/** SHAKE256 of the framed tuple, `length` bytes. */
export function expand(
  label: string,
  length: number,
  ...fields: readonly Uint8Array[]
): Uint8Array {
  return consume(framed(label, ...fields), (whole) => backend.shake256(length, whole));
}
