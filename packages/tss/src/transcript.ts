/**
 * The one way to hash anything: a label, the number of fields, and every field with its
 * length, so that no two different tuples give the same bytes (F-1).
 *
 * `H(tag, f1..fk)` of docs/spec/session.md.
 */
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { backend } from '#backend';
import { concat, u64 } from './arith/bytes.ts';

const parts = (label: string, fields: readonly Uint8Array[]): Uint8Array[] => {
  const tag = utf8ToBytes(label);
  const framedParts = [u64(tag.length), tag, u64(fields.length)];
  for (const field of fields) framedParts.push(u64(field.length), field);
  return framedParts;
};

/** Encodes a label and fields injectively: `len64(label) ‖ label ‖ u64(k) ‖ (len64(f) ‖ f)…`. */
export function framed(label: string, ...fields: readonly Uint8Array[]): Uint8Array {
  return concat(...parts(label, fields));
}

/** SHA-256 of the framed tuple, 32 bytes. */
export function hash(label: string, ...fields: readonly Uint8Array[]): Uint8Array {
  return backend.sha256(framed(label, ...fields));
}

/** SHAKE256 of the framed tuple, `length` bytes. */
export function expand(
  label: string,
  length: number,
  ...fields: readonly Uint8Array[]
): Uint8Array {
  return backend.shake256(length, framed(label, ...fields));
}
