import { type KeygenParameters, type SignParameters } from '../../src/index.ts';
import { keygenProtocol } from '../../src/dkls23/keygen.ts';
import { signProtocol } from '../../src/dkls23/sign.ts';
import type { Keyshare, Signature } from '../../src/index.ts';
import type { Protocol, Step } from '../../src/round/protocol.ts';
import { Session } from '../../src/round/session.ts';

/** What a deviating party says instead of the bytes that the protocol says. */
export interface Deviation {
  readonly round: number;
  readonly part: 'all' | 'each';
  /** Only towards these peers; everybody when absent. */
  readonly towards?: readonly number[];
  readonly alter: (bytes: Uint8Array, to: number | null) => Uint8Array;
}

/**
 * A party that deviates: its own state and echoes follow what it really said, unlike a tampering
 * network, whose changes the signatures of the rounds would show.
 */
function* misbehave<T>(protocol: Protocol<T>, deviation: Deviation): Protocol<T> {
  let result = protocol.next();
  while (result.done !== true) {
    const heard = yield deviate(result.value, deviation);
    result = protocol.next(heard);
  }
  return result.value;
}

const deviate = (step: Step, { round, part, towards, alter }: Deviation): Step => {
  if (step.round !== round) return step;
  if (part === 'all') return { ...step, all: step.all && alter(step.all, null) };
  if (step.each === null) return step;
  const each = [...step.each].map(([to, bytes]): [number, Uint8Array] => [
    to,
    towards === undefined || towards.includes(to) ? alter(bytes, to) : bytes,
  ]);
  return { ...step, each: new Map(each) };
};

export function deviatingKeygen(
  parameters: KeygenParameters,
  deviation: Deviation,
): Session<Keyshare> {
  const { protocol, options } = keygenProtocol(parameters);
  return new Session(misbehave(protocol, deviation), options);
}

export function deviatingSign(
  parameters: SignParameters,
  deviation: Deviation,
): Session<Signature> {
  const { protocol, options } = signProtocol(parameters);
  return new Session(misbehave(protocol, deviation), options);
}

export type Mutation = readonly [name: string, alter: (field: Uint8Array) => Uint8Array];

/** What happens to one field; always of the same length unless the name says otherwise. */
export const MUTATIONS: readonly Mutation[] = [
  [
    'one bit flipped',
    (field) => field.map((byte, at) => (at === field.length - 1 ? byte ^ 1 : byte)),
  ],
  ['the top bit flipped', (field) => field.map((byte, at) => (at === 0 ? byte ^ 0x80 : byte))],
  ['all zero', (field) => new Uint8Array(field.length)],
  ['one', (field) => field.map((_, at) => (at === field.length - 1 ? 1 : 0))],
  ['all ones', (field) => new Uint8Array(field.length).fill(0xff)],
  ['the group order', (field) => (field.length === 32 ? GROUP_ORDER.slice() : field.toReversed())],
];

const GROUP_ORDER = new Uint8Array(
  Buffer.from('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141', 'hex'),
);

/** Replaces bytes start..end of a message. */
export function splice(
  bytes: Uint8Array,
  { start, end }: { start: number; end: number },
  alter: (field: Uint8Array) => Uint8Array,
): Uint8Array {
  return new Uint8Array([
    ...bytes.subarray(0, start),
    ...alter(bytes.slice(start, end)),
    ...bytes.subarray(end),
  ]);
}
