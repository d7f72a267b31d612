/**
 * Canonical bytes of protocol messages: fixed widths, no optional fields, no trailing bytes. A decoder
 * checks the meaning of the type, so a decoded value is a valid one (C1–C6, J-4).
 */
import { type Scalar, scalarFromBytes, isZeroScalar } from './arith/scalar.ts';
import { decodePoint, encodePoint, type Point } from './curve.ts';
import { DecodeError } from './round/errors.ts';
import type { BodyCodec } from './round/protocol.ts';

/** The place of a leaf in an encoding: for tests that alter every field. */
export interface Span {
  readonly path: string;
  readonly kind: string;
  readonly start: number;
  readonly end: number;
}

/** Reads left to right; every failure names the path and the expected value. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #spans: Span[] | undefined;
  #offset = 0;

  constructor(bytes: Uint8Array, spans?: Span[]) {
    this.#bytes = bytes;
    this.#spans = spans;
  }

  take(length: number, path: string, kind: string): Uint8Array {
    const start = this.#offset;
    const end = start + length;
    if (end > this.#bytes.length) {
      throw new DecodeError(path, `${length} bytes, got ${this.#bytes.length - start}`);
    }
    this.#offset = end;
    this.#spans?.push({ path, kind, start, end });
    return new Uint8Array(this.#bytes.subarray(start, end)); // a Buffer's slice would share memory
  }

  finish(path: string): void {
    const rest = this.#bytes.length - this.#offset;
    if (rest > 0) throw new DecodeError(path, `no trailing bytes, got ${rest}`);
  }
}

/** A field that knows its own bytes. */
export interface Field<T> {
  readonly write: (value: T) => Uint8Array[];
  readonly read: (reader: Reader, path: string) => T;
}

/** Exactly `length` bytes. */
export function bytes(length: number): Field<Uint8Array> {
  return {
    write: (value) => {
      if (value.length !== length) throw new Error(`unreachable: ${length} bytes expected`);
      return [value];
    },
    read: (reader, path) => reader.take(length, path, 'bytes'),
  };
}

/** An unsigned 16-bit number. */
export const uint16: Field<number> = {
  write: (value) => [new Uint8Array([value >>> 8, value & 0xff])],
  read: (reader, path) => {
    const [high = 0, low = 0] = reader.take(2, path, 'u16');
    return high * 256 + low;
  },
};

/** An unsigned 32-bit number. */
export const uint32: Field<number> = {
  write: (value) => {
    const encoded = new Uint8Array(4);
    new DataView(encoded.buffer).setUint32(0, value);
    return [encoded];
  },
  read: (reader, path) => {
    const taken = reader.take(4, path, 'u32');
    return new DataView(taken.buffer, taken.byteOffset).getUint32(0);
  },
};

/** A canonical scalar, 0 ≤ x < q, 32 bytes big-endian. */
export const scalar: Field<Scalar> = {
  write: (value) => [value],
  read: (reader, path) => {
    const value = scalarFromBytes(reader.take(32, path, 'scalar'));
    if (value === null) throw new DecodeError(path, 'a scalar below the group order');
    return value;
  },
};

/** A canonical scalar, 0 < x < q. */
export const nonZeroScalar: Field<Scalar> = {
  write: scalar.write,
  read: (reader, path) => {
    const value = scalar.read(reader, path);
    if (isZeroScalar(value)) throw new DecodeError(path, 'a scalar that is not zero');
    return value;
  },
};

/** A point of the curve, not the identity, SEC1 compressed, 33 bytes. */
export const point: Field<Point> = {
  write: (value) => [encodePoint(value)],
  read: (reader, path) => {
    const value = decodePoint(reader.take(33, path, 'point'));
    if (value === null) throw new DecodeError(path, 'a compressed point of the curve');
    return value;
  },
};

/** Exactly `count` items, with the count written in front (D-1, D-2). */
export function array<T>(count: number, item: Field<T>): Field<readonly T[]> {
  return {
    write: (values) => {
      if (values.length !== count) throw new Error(`unreachable: ${count} items expected`);
      return [...uint32.write(count), ...values.flatMap((value) => item.write(value))];
    },
    read: (reader, path) => {
      const found = uint32.read(reader, `${path}.length`);
      if (found !== count) throw new DecodeError(path, `${count} items, got ${found}`);
      return Array.from({ length: count }, (_, at) => item.read(reader, `${path}[${at}]`));
    },
  };
}

/** Narrows a field to values for which `holds` is true. */
export function refined<T>(
  field: Field<T>,
  expected: string,
  holds: (value: T) => boolean,
): Field<T> {
  return {
    write: field.write,
    read: (reader, path) => {
      const value = field.read(reader, path);
      if (!holds(value)) throw new DecodeError(path, expected);
      return value;
    },
  };
}

/** Named fields in the order in which they are written down. */
export function struct<T extends object>(
  fields: { readonly [K in keyof T]: Field<T[K]> },
): Field<T> {
  const names = Object.keys(fields) as (keyof T & string)[];
  return {
    write: (value) => names.flatMap((name) => fields[name].write(value[name])),
    read: (reader, path) => {
      const value: Partial<T> = {};
      for (const name of names) value[name] = fields[name].read(reader, `${path}.${name}`);
      return value as T;
    },
  };
}

/** Makes a whole message of a field: nothing may follow it. */
export function body<T>(field: Field<T>): BodyCodec<T> & { spans(bytes: Uint8Array): Span[] } {
  const decode = (encoded: Uint8Array, path: string, spans?: Span[]): T => {
    const reader = new Reader(encoded, spans);
    const value = field.read(reader, path);
    reader.finish(path);
    return value;
  };
  return {
    encode: (value) => joined(field.write(value)),
    decode: (encoded, path) => decode(encoded, path),
    spans: (encoded) => {
      const spans: Span[] = [];
      decode(encoded, 'body', spans);
      return spans;
    },
  };
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
};
