/** Readers for JSON from elsewhere: exact fields, and one canonical form for every value. */
import { formatAddress, parseAddress } from './address.ts';
import { fromHex, toHex, utf8 } from './bytes.ts';
import { IntentError } from './errors.ts';

/** The longest calldata or `bytes` value, in bytes. */
const MAX_DATA = 131_072;
/** The longest text, in UTF-16 units. */
export const MAX_TEXT = 131_072;

/** A JSON object whose keys were compared with a list. */
export type Fields = ReadonlyMap<string, unknown>;

/** Refuses, naming the place and the expectation. */
export function refuse(path: string, expected: string): never {
  throw new IntentError('intent/payload', `${path}: ${expected}`);
}

/** Reads a plain object with all of `required`, any of `optional`, and nothing else. */
export function readObject(
  path: string,
  value: unknown,
  required: readonly string[],
  optional: readonly string[] = [],
): Fields {
  const fields = readAnyObject(path, value);
  const missing = required.find((name) => !fields.has(name));
  if (missing !== undefined) refuse(`${path}.${missing}`, 'a value');
  for (const name of fields.keys()) {
    if (!required.includes(name) && !optional.includes(name)) {
      refuse(path, `only the fields ${[...required, ...optional].join(', ')}`);
    }
  }
  return fields;
}

/** Reads a plain object with any keys. */
export function readAnyObject(path: string, value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse(path, 'an object');
  }
  return new Map<string, unknown>(Object.entries(value));
}

/** Reads an array of at most `max` items. */
export function readArray(path: string, value: unknown, max: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > max) refuse(path, `an array of at most ${max}`);
  return value;
}

/** Reads well-formed text. */
export function readText(path: string, value: unknown): string {
  if (typeof value !== 'string') return refuse(path, 'a string');
  if (value.length > MAX_TEXT) {
    refuse(path, `a string of at most ${MAX_TEXT} UTF-16 units, not ${value.length}`);
  }
  try {
    utf8(value);
  } catch {
    refuse(path, 'well-formed text');
  }
  return value;
}

/** Reads an integer: decimal text in its shortest form, `0x` text as wallets write it, or a safe integer; `bits` of two's complement or unsigned. */
export function readInteger(
  path: string,
  value: unknown,
  { bits, signed = false }: { readonly bits: number; readonly signed?: boolean },
): bigint {
  const number = toInteger(value);
  const min = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const max = signed ? (1n << BigInt(bits - 1)) - 1n : (1n << BigInt(bits)) - 1n;
  if (number === null || number < min || number > max) {
    refuse(path, `${signed ? 'an integer' : 'a natural number'} of at most ${bits} bits`);
  }
  return number;
}

const INTEGER = /^(0|-?[1-9][0-9]{0,77}|0x[0-9a-fA-F]{1,64})$/;

function toInteger(value: unknown): bigint | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : null;
  if (typeof value !== 'string') return null;
  // Hex may have leading zeros, as in a word of 32 bytes; a decimal may not, because elsewhere that is octal.
  return INTEGER.test(value) ? BigInt(value) : null;
}

/** Reads an address of any case (mixed case must be a correct checksum) into EIP-55. */
export function readAddress(path: string, value: unknown): string {
  try {
    return formatAddress(parseAddress(typeof value === 'string' ? value : ''));
  } catch (error) {
    if (error instanceof IntentError) return refuse(path, error.expected);
    throw error;
  }
}

/** Reads `0x` hex of at most {@link MAX_DATA} bytes, or of exactly `length`, into lower case. */
export function readHex(path: string, value: unknown, length?: number): string {
  const expected = `0x and hex digits of ${length ?? `at most ${MAX_DATA}`} bytes`;
  if (typeof value !== 'string') return refuse(path, expected);
  if (value.length > 2 + 2 * (length ?? MAX_DATA)) {
    return refuse(path, `${expected}, not of ${Math.ceil(value.length / 2) - 1}`);
  }
  const isHex = /^0x([0-9a-fA-F]{2})*$/.test(value);
  if (!isHex || (length !== undefined && value.length !== 2 + 2 * length)) refuse(path, expected);
  return `0x${toHex(fromHex(value))}`;
}
