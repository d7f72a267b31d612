import { keygenProtocol } from '../../src/dkls23/keygen.ts';
import { signProtocol } from '../../src/dkls23/sign.ts';
import type { Signature } from '../../src/index.ts';
import type { KeygenParameters, Keyshare, SignParameters } from '../../src/dkls23/index.ts';
import type { Protocol, Step } from '../../src/round/protocol.ts';
import { Session } from '../../src/round/session.ts';

/** The peers' messages of the round before, decoded: by sender. */
export type HeardBefore = ReadonlyMap<number, unknown>;

/** The bytes of a deviating party in place of the protocol's. */
export interface Deviation {
  readonly round: number;
  readonly part: 'all' | 'each';
  /** Only towards these peers; everybody when absent. */
  readonly towards?: readonly number[];
  readonly alter: (bytes: Uint8Array, to: number | null, heard: HeardBefore) => Uint8Array;
}

/**
 * A party that deviates: its own state and echoes follow what it really said, unlike a tampering
 * network, whose changes the signatures of the rounds would show.
 */
export function* misbehave<T>(
  protocol: Protocol<T>,
  deviations: readonly Deviation[],
): Protocol<T> {
  let heard: HeardBefore = new Map();
  let result = protocol.next();
  while (result.done !== true) {
    const said = heard;
    heard = yield deviations.reduce(
      (step, deviation) => deviate(step, deviation, said),
      result.value,
    );
    result = protocol.next(heard);
  }
  return result.value;
}

const deviate = (
  step: Step,
  { round, part, towards, alter }: Deviation,
  heard: HeardBefore,
): Step => {
  if (step.round !== round) return step;
  if (part === 'all') return { ...step, all: step.all && alter(step.all, null, heard) };
  if (step.each === null) return step;
  const each = [...step.each].map(([to, bytes]): [number, Uint8Array] => [
    to,
    towards === undefined || towards.includes(to) ? alter(bytes, to, heard) : bytes,
  ]);
  return { ...step, each: new Map(each) };
};

/** A key generation by a party that deviates. */
export function deviatingKeygen(
  parameters: KeygenParameters,
  ...deviations: readonly Deviation[]
): Session<Keyshare> {
  const { protocol, options } = keygenProtocol(parameters);
  return new Session(misbehave(protocol, deviations), options);
}

/** A signature by a party that deviates. */
export function deviatingSign(
  parameters: SignParameters,
  ...deviations: readonly Deviation[]
): Session<Signature> {
  const { protocol, options } = signProtocol(parameters);
  return new Session(misbehave(protocol, deviations), options);
}
