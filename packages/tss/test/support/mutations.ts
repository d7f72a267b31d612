import { secp256k1 } from '@noble/curves/secp256k1.js';
import { concat } from '../../src/arith/bytes.ts';
import {
  addScalars,
  negateScalar,
  Q,
  reduceWide,
  scalarFromNumber,
} from '../../src/arith/scalar.ts';
import type { Span } from '../../src/codec.ts';
import { encodePoint, G } from '../../src/curve.ts';

/** The same field as others said it: a peer in this session, the same party in another one. */
export interface Elsewhere {
  readonly peer: Uint8Array;
  readonly session: Uint8Array;
}

/** A change of one field. */
export type Mutation = readonly [
  name: string,
  alter: (field: Uint8Array, elsewhere: Elsewhere) => Uint8Array,
];

const last = (field: Uint8Array, change: (byte: number) => number): Uint8Array =>
  field.map((byte, at) => (at === field.length - 1 ? change(byte) : byte));

const ORDER = Uint8Array.from(Buffer.from(Q.toString(16), 'hex'));

const ANY: readonly Mutation[] = [
  ['one bit flipped', (field) => last(field, (byte) => byte ^ 1)],
  ['the top bit flipped', (field) => field.map((byte, at) => (at === 0 ? byte ^ 0x80 : byte))],
  ['all zero', (field) => new Uint8Array(field.length)],
  ['that of another peer', (_, { peer }) => peer],
  ['that of another session', (_, { session }) => session],
  ['a byte shorter', (field) => field.slice(0, -1)],
  ['a byte longer', (field) => concat(field, new Uint8Array(1))],
];

const NUMBER: readonly Mutation[] = [
  ['one', (field) => last(new Uint8Array(field.length), () => 1)],
  ['all ones', (field) => new Uint8Array(field.length).fill(0xff)],
];

const scalarOf = (field: Uint8Array) => reduceWide(concat(new Uint8Array(16), field));

const SCALAR: readonly Mutation[] = [
  ['the group order', () => ORDER],
  ['plus one', (field) => addScalars(scalarOf(field), scalarFromNumber(1))],
  ['negated', (field) => negateScalar(scalarOf(field))],
];

const POINT: readonly Mutation[] = [
  ['negated', (field) => field.map((byte, at) => (at === 0 ? byte ^ 1 : byte))],
  ['the generator', () => encodePoint(G)],
];

/** The possible changes of a field of that kind. */
export function mutationsOf({ kind }: Span): readonly Mutation[] {
  if (kind === 'bytes') return ANY;
  if (kind === 'scalar') return [...ANY, ...NUMBER, ...SCALAR];
  return kind === 'point' ? [...ANY, ...NUMBER, ...POINT] : [...ANY, ...NUMBER];
}

/** Scalars that may not be zero: C4. */
const NOT_ZERO = /\.(responses\[\d+\]|response|share)$/;

/** Whether a field may have these bytes, by other code than that of the codec. */
export function isWellFormed({ kind, path, start, end }: Span, field: Uint8Array): boolean {
  if (field.length !== end - start) return false;
  if (kind === 'bytes') return true;
  if (kind === 'scalar') {
    const value = BigInt(`0x${Buffer.from(field).toString('hex')}`);
    return value < Q && !(value === 0n && NOT_ZERO.test(path));
  }
  return kind === 'point' && isPoint(field); // of a count, only what was said is right
}

const isPoint = (field: Uint8Array): boolean => {
  try {
    return secp256k1.Point.fromBytes(field).toBytes(true).length === 33;
  } catch {
    return false;
  }
};

/** The changes of a field, by whether its bytes still mean something. */
export interface Sorted {
  readonly wellFormed: readonly Mutation[];
  readonly malformed: readonly Mutation[];
}

/** All mutations of a field that change anything. */
export function sortMutations(at: Span, field: Uint8Array, elsewhere: Elsewhere): Sorted {
  const effective = mutationsOf(at).filter(([, alter]) => !same(alter(field, elsewhere), field));
  const wellFormed = effective.filter(([, alter]) => isWellFormed(at, alter(field, elsewhere)));
  return { wellFormed, malformed: effective.filter((mutation) => !wellFormed.includes(mutation)) };
}

/** Bytes `start..end`. */
export type Range = Pick<Span, 'start' | 'end'>;

/** Replaces bytes start..end of a message. */
export function splice(bytes: Uint8Array, { start, end }: Range, field: Uint8Array): Uint8Array {
  return concat(bytes.subarray(0, start), field, bytes.subarray(end));
}

/** Whether two byte strings are the same. */
export const same = (left: Uint8Array, right: Uint8Array): boolean =>
  Buffer.compare(left, right) === 0;
