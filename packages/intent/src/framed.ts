/** The one injective encoding for everything that is hashed or signed (F-1). */
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8 } from './bytes.ts';

/** len64(label) ‖ label ‖ u64(number of fields) ‖ (len64(field) ‖ field)*. docs/spec/intent.md §1. */
export function framed(label: string, ...fields: readonly Uint8Array[]): Uint8Array {
  const name = utf8(label);
  const whole = new Uint8Array(
    fields.reduce((sum, field) => sum + 8 + field.length, 16 + name.length),
  );
  const view = new DataView(whole.buffer);
  let at = 0;
  const put = (bytes: Uint8Array): void => {
    view.setUint32(at + 4, bytes.length); // the upper half stays zero: an array has fewer than 2³² bytes
    whole.set(bytes, at + 8);
    at += 8 + bytes.length;
  };
  put(name);
  view.setUint32(at + 4, fields.length);
  at += 8;
  for (const field of fields) put(field);
  return whole;
}

/** SHA-256 of {@link framed}. */
export function hashFramed(label: string, ...fields: readonly Uint8Array[]): Uint8Array {
  return sha256(framed(label, ...fields));
}
