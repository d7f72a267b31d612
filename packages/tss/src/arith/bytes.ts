/** Byte strings: joining, fixed-width integers, constant-time comparison, wiping. */

/** Joins byte strings. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** a ⊕ b. @throws RangeError if the lengths differ */
export function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length !== b.length) throw new RangeError(`xor of ${a.length} and ${b.length} bytes`);
  return a.map((byte, at) => byte ^ (b[at] ?? 0));
}

/** Compares contents in time that depends on the lengths only; different lengths are unequal. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let at = 0; at < a.length; at++) difference |= (a[at] ?? 0) ^ (b[at] ?? 0);
  return difference === 0;
}

/** 2 bytes, big-endian. @throws RangeError unless 0 ≤ value < 2¹⁶ */
export function u16(value: number): Uint8Array {
  return unsigned(value, 2);
}

/** 4 bytes, big-endian. @throws RangeError unless 0 ≤ value < 2³² */
export function u32(value: number): Uint8Array {
  return unsigned(value, 4);
}

/** Writes 8 bytes, big-endian. @throws RangeError unless 0 ≤ value ≤ 2⁵³ − 1 */
export function writeU64(bytes: Uint8Array, from: number, value: number): void {
  writeUnsigned(bytes, from, value, 8);
}

const unsigned = (value: number, width: number): Uint8Array => {
  const bytes = new Uint8Array(width);
  writeUnsigned(bytes, 0, value, width);
  return bytes;
};

const writeUnsigned = (bytes: Uint8Array, from: number, value: number, width: number): void => {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 256 ** width) {
    throw new RangeError(`${value} does not fit in ${width} bytes`);
  }
  let rest = value;
  for (let at = from + width - 1; at >= from; at--) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
};

/** Overwrites secrets with zeros. Copies that the engine made are out of reach. */
export function wipe(...secrets: readonly (Uint8Array | Uint32Array | Float64Array)[]): void {
  for (const secret of secrets) secret.fill(0);
}
