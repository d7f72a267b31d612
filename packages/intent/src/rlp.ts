/** RLP, encoding only: nothing here reads RLP from elsewhere. */
import { bigEndian, concat } from './bytes.ts';

/** An item of RLP: a byte string or a list. */
export type RlpItem = Uint8Array | readonly RlpItem[];

/** The RLP encoding of an item. */
export function encodeRlp(item: RlpItem): Uint8Array {
  if (item instanceof Uint8Array) return encodeString(item);
  const body = concat(...item.map(encodeRlp));
  return concat(prefix(0xc0, body.length), body);
}

function encodeString(bytes: Uint8Array): Uint8Array {
  const [first = 0] = bytes;
  if (bytes.length === 1 && first < 0x80) return bytes;
  return concat(prefix(0x80, bytes.length), bytes);
}

function prefix(base: number, length: number): Uint8Array {
  if (length < 56) return Uint8Array.of(base + length);
  const size = minimal(BigInt(length));
  return concat(Uint8Array.of(base + 55 + size.length), size);
}

/** A natural number in RLP: big-endian, no leading zeros, zero is empty. */
export function minimal(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array(0);
  return bigEndian(value, Math.ceil(value.toString(16).length / 2));
}
