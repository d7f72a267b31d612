import { readFileSync } from 'node:fs';
import { fixturePrimes } from '../../../../test/support/fixturePrimes.ts';
import type { Outcome, Signature } from '../../src/index.ts';
import {
  type KeyLock,
  NO_LOCK,
  twoPartyKeygen,
  type TwoPartyKeygenParameters,
  TwoPartyKeyshare,
  type TwoPartyNonce,
  type TwoPartyRefreshParameters,
  twoPartyRefresh,
  twoPartySign,
  type TwoPartySignParameters,
} from '../../src/lindell17/index.ts';
import type { PrimePair } from '../../src/primes.ts';
import type { Protocol } from '../../src/round/protocol.ts';
import type { SessionOptions } from '../../src/round/options.ts';
import { Session } from '../../src/round/session.ts';
import { type Deviation, misbehave } from './misbehave.ts';
import { DIGEST, sessionIdOf } from './parties.ts';
import { seededRng } from './rng.ts';
import { outputs, simulate } from './simulate.ts';

export type Bits = 2048 | 3072;

/** The pair of fixture primes at those two places. */
export function primePair(bits: Bits, first: number, second: number): PrimePair {
  const [p, q] = [fixturePrimes(bits)[first], fixturePrimes(bits)[second]];
  if (p === undefined || q === undefined) throw new Error('no such fixture prime');
  return [p, q];
}

/** Fixture primes of both parties; `turn` chooses others than the turn before. */
export function primesFor(role: 'P1' | 'P2', bits: Bits, turn = 0) {
  const at = (place: number): number => (place + 4 * turn) % fixturePrimes(bits).length;
  if (role === 'P2') return { pedersen: primePair(bits, at(4), at(5)) };
  return {
    pedersen: primePair(bits, at(0), at(1)),
    paillier: primePair(bits, at(2), at(3)),
  };
}

export const keygenParameters = (
  role: 'P1' | 'P2',
  bits: Bits = 2048,
  seed = 'keygen',
): TwoPartyKeygenParameters => ({
  role,
  bits,
  sessionId: sessionIdOf(`two-party/${seed}`),
  primes: primesFor(role, bits),
  rng: seededRng(`two-party/${seed}/${role}`),
});

/** Key-generation sessions of both. */
export const keygenSessions = (
  bits: Bits = 2048,
  seed = 'keygen',
): Map<number, Session<TwoPartyKeyshare>> =>
  new Map([
    [1, twoPartyKeygen(keygenParameters('P1', bits, seed))],
    [2, twoPartyKeygen(keygenParameters('P2', bits, seed))],
  ]);

export interface Signing {
  readonly digest?: Uint8Array;
  readonly path?: readonly number[];
  readonly seed?: string;
  readonly lock?: KeyLock;
  readonly nonce?: TwoPartyNonce;
}

export const signParameters = (
  keyshare: TwoPartyKeyshare,
  { digest = DIGEST, path = [], seed = 'sign', lock = NO_LOCK, nonce }: Signing = {},
): TwoPartySignParameters => ({
  sessionId: sessionIdOf(`two-party/${seed}`),
  keyshare,
  lock,
  digest,
  path,
  ...(nonce === undefined ? {} : { nonce }),
  rng: seededRng(`two-party/${seed}/${keyshare.role}`),
});

/** Signing sessions of both. */
export const signSessions = (
  [first, second]: readonly [TwoPartyKeyshare, TwoPartyKeyshare],
  { nonce, ...shared }: Signing = {},
): Map<number, Session<Signature>> =>
  new Map([
    [1, twoPartySign(signParameters(first, shared))],
    [2, twoPartySign(signParameters(second, nonce ? { ...shared, nonce } : shared))],
  ]);

export const refreshParameters = (
  keyshare: TwoPartyKeyshare,
  turn = 1,
  lock = NO_LOCK,
): TwoPartyRefreshParameters => ({
  sessionId: sessionIdOf(`two-party/refresh/${turn}`),
  keyshare,
  lock,
  primes: primesFor(keyshare.role, keyshare.bits, turn),
  rng: seededRng(`two-party/refresh/${turn % 5}/${keyshare.role}`), // so that powers come again
});

/** Refresh sessions of both. */
export const refreshSessions = (
  [first, second]: readonly [TwoPartyKeyshare, TwoPartyKeyshare],
  turn = 1,
): Map<number, Session<TwoPartyKeyshare>> =>
  new Map([
    [1, twoPartyRefresh(refreshParameters(first, turn))],
    [2, twoPartyRefresh(refreshParameters(second, turn))],
  ]);

/** Both outputs, P1's first. */
export function both<T>(outputs: ReadonlyMap<number, T>): [T, T] {
  const [first, second] = [outputs.get(1), outputs.get(2)];
  if (first === undefined || second === undefined) throw new Error('two outputs expected');
  return [first, second];
}

/** Keyshares of the frozen vectors, decoded anew: tests may wipe them. */
export function frozenShares(bits: Bits = 2048): [TwoPartyKeyshare, TwoPartyKeyshare] {
  return [decodeFrozen(bits, 1), decodeFrozen(bits, 2)];
}

/** The frozen keyshares after so many refreshes. */
export function refreshed(times: number): [TwoPartyKeyshare, TwoPartyKeyshare] {
  let shares = frozenShares();
  for (let turn = 1; turn <= times; turn++) {
    shares = both(outputs(simulate(refreshSessions(shares, turn))));
  }
  return shares;
}

/** Bytes of a frozen keyshare. */
export function frozenBytes(bits: Bits, party: 1 | 2): Uint8Array {
  const file = new URL(`../vectors/keyshare/v1-two-party-${bits}-p${party}.hex`, import.meta.url);
  return new Uint8Array(Buffer.from(readFileSync(file, 'utf8').replaceAll('\n', ''), 'hex'));
}

const decodeFrozen = (bits: Bits, party: 1 | 2): TwoPartyKeyshare =>
  TwoPartyKeyshare.decode(frozenBytes(bits, party));

/** A protocol with what its session needs. */
export interface Runnable<T> {
  readonly protocol: Protocol<T>;
  readonly options: SessionOptions;
}

/** A party that deviates in some messages. */
export const deviating = <T>(
  { protocol, options }: Runnable<T>,
  ...deviations: readonly Deviation[]
): Session<T> => new Session(misbehave(protocol, deviations), options);

/** How party `index` ends against a peer that deviates. */
export function outcomeAgainst<T>(
  index: 1 | 2,
  honest: Session<T>,
  evil: Session<T>,
): Outcome<T> | undefined {
  const sessions = new Map([
    [index, honest],
    [index === 1 ? 2 : 1, evil],
  ]);
  return simulate(sessions).outcomes.get(index);
}
