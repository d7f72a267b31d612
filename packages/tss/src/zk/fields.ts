/** Codecs of proofs: naturals of fixed width. Masks are one-sided, so that no response has a sign. */
import { naturalFromBytes, naturalToBytes } from '../arith/integers.ts';
import type { Field } from '../codec.ts';
import { DecodeError } from '../round/errors.ts';

/** 0 ≤ n < 2^bits, big-endian in ⌈bits/8⌉ bytes. */
export function natural(bits: number): Field<bigint> {
  const width = Math.ceil(bits / 8);
  const bound = 1n << BigInt(bits);
  return {
    write: (value) => {
      if (value >= bound) throw new Error(`unreachable: ${bits} bits expected`);
      return [naturalToBytes(value, width)];
    },
    read: (reader, path) => {
      const value = naturalFromBytes(reader.take(width, path, 'natural'));
      if (value >= bound) throw new DecodeError(path, `a number of at most ${bits} bits`);
      return value;
    },
  };
}

/** 0 to 3 in one byte. */
export const twoBits: Field<number> = {
  write: (value) => [Uint8Array.of(value)],
  read: (reader, path) => {
    const [value = 4] = reader.take(1, path, 'two bits');
    if (value > 3) throw new DecodeError(path, 'two bits');
    return value;
  },
};
