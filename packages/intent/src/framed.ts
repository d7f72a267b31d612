/** The one injective encoding for everything that is hashed or signed (F-1). */
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, u64, utf8 } from './bytes.ts';

/** len64(label) ‖ label ‖ u64(number of fields) ‖ (len64(field) ‖ field)*. docs/spec/intent.md §1. */
export function framed(label: string, ...fields: readonly Uint8Array[]): Uint8Array {
  const name = utf8(label);
  const parts = fields.flatMap((field) => [u64(field.length), field]);
  return concat(u64(name.length), name, u64(fields.length), ...parts);
}

/** SHA-256 of {@link framed}. */
export function hashFramed(label: string, ...fields: readonly Uint8Array[]): Uint8Array {
  return sha256(framed(label, ...fields));
}
