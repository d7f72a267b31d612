/**
 * The context that binds every proof, and the challenge made of it, the statement and the first messages
 * (Z1, F-1, F-2, F-3). docs/spec/zk.md §4.
 */
import { concat, u16, u32 } from '../arith/bytes.ts';
import { gcd, naturalFromBytes, naturalToBytes, randomBits, scalarOf } from '../arith/integers.ts';
import { Q } from '../arith/scalar.ts';
import { mulBase, mulPublic, type Point, pointEquals, encodePoint, sumPoints } from '../curve.ts';
import type { Rng } from '../rng.ts';
import { expand } from '../transcript.ts';
import type { ParameterSet } from './parameters.ts';

/** Session, both parties, and where in the protocol: a proof means nothing elsewhere. */
export interface ZkContext {
  /** 32 bytes. */
  readonly sessionId: Uint8Array;
  readonly prover: number;
  readonly verifier: number;
  /** Step name, epoch and everything else that the statement depends on. */
  readonly context: Uint8Array;
}

/** A number with its width in bytes, or a point: every hashed field has a fixed length. */
export type Hashed = readonly [value: bigint, width: number] | Point;

const bytesOf = (value: Hashed): Uint8Array =>
  value instanceof Uint8Array ? encodePoint(value) : naturalToBytes(...value);

/** `length` bytes that depend on everything: sizes, context, statement, first messages. */
export function challengeBytes(
  label: string,
  length: number,
  { sessionId, prover, verifier, context }: ZkContext,
  set: ParameterSet,
  values: readonly Hashed[],
): Uint8Array {
  const sizes = concat(...[set.bits, set.ell, set.ellPrime, set.epsilon, set.rounds].map(u32));
  const parties = concat(u16(prover), u16(verifier));
  return expand(label, length, sessionId, parties, context, sizes, ...values.map(bytesOf));
}

/** A challenge e ∈ [0, q): 48 bytes reduced. */
export function challengeNumber(
  label: string,
  bound: ZkContext,
  set: ParameterSet,
  values: readonly Hashed[],
): bigint {
  return naturalFromBytes(challengeBytes(label, 48, bound, set, values)) % Q;
}

/** Whether 0 ≤ n < 2^bits, looking at no more than the length of n. */
export function isNatural(n: bigint, bits: number): boolean {
  return n >= 0n && n < 1n << BigInt(bits);
}

/** Whether every value is in [1, N) and coprime to N; one gcd for all. */
export function areUnits(values: readonly bigint[], N: bigint): boolean {
  if (values.some((value) => value < 1n || value >= N)) return false;
  return (
    gcd(
      values.reduce((product, value) => (product * value) % N, 1n),
      N,
    ) === 1n
  );
}

/** A mask in [0, 2^bits), not a multiple of q, so that it has a point. */
export function sampleMask(rng: Rng, bits: number): bigint {
  for (;;) {
    const mask = randomBits(rng, bits);
    if (mask % Q !== 0n) return mask;
  }
}

/** Whether z·base = A + e·X; base null is the generator. */
export function verifyPointEquation(
  base: Point | null,
  { z, e, A, X }: { readonly z: bigint; readonly e: bigint; readonly A: Point; readonly X: Point },
): boolean {
  if (z % Q === 0n || e === 0n) return false; // probability 2⁻²⁵⁶ for an honest prover
  const left = base === null ? mulBase(scalarOf(z)) : mulPublic(base, scalarOf(z));
  const right = sumPoints([A, mulPublic(X, scalarOf(e))]);
  return right !== null && pointEquals(left, right);
}
