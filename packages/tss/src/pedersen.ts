/**
 * Ring-Pedersen parameters: commitments s^x·t^y modulo a number whose factors the committing party does
 * not know. docs/spec/zk.md §3. Source: CGGMP (2021/060), §2.3 and Fig. 3.
 */
import { backend } from '#backend';
import { gcd, randomBelow } from './arith/integers.ts';
import { checkModulus, type ModulusFault } from './paillier.ts';
import type { PrimePair } from './primes.ts';
import type { Rng } from './rng.ts';

/** Ñ with s = t^λ; their maker knows λ and the factors, and proved by Π^prm that λ exists. */
export interface RingPedersen {
  readonly N: bigint;
  readonly s: bigint;
  readonly t: bigint;
}

/** Secret: λ opens every commitment in any way. Needed for Π^prm only; nobody keeps it. */
export interface RingPedersenSecret {
  readonly public: RingPedersen;
  readonly lambda: bigint;
  /** φ(Ñ). */
  readonly phi: bigint;
  /** Ñ = p·q. */
  readonly factors: PrimePair;
}

/** Parameters from two safe primes: t a random square, s = t^λ. */
export function makeRingPedersen(p: bigint, q: bigint, rng: Rng): RingPedersenSecret {
  const N = p * q;
  const phi = (p - 1n) * (q - 1n);
  const bits = N.toString(2).length;
  for (;;) {
    const tau = randomBelow(rng, N);
    const lambda = randomBelow(rng, phi);
    const t = (tau * tau) % N;
    const s = backend.modPow(t, lambda, bits, N);
    if (generatorFault({ N, s, t }) === null)
      return { public: { N, s, t }, lambda, phi, factors: [p, q] };
  }
}

/** The fault of parameters that are refused. */
export type RingPedersenFault = ModulusFault | 'generators';

/**
 * Checks parameters that a peer sent; Ñ's length first (P6, P7, P-4). Π^prm proves
 * that s is a power of t.
 */
export function checkRingPedersen(
  parameters: RingPedersen,
  bits: number,
  others: readonly bigint[],
): 'ok' | RingPedersenFault {
  const fault = checkModulus(parameters.N, bits, others);
  return fault === 'ok' ? (generatorFault(parameters) ?? 'ok') : fault;
}

const generatorFault = ({ N, s, t }: RingPedersen): 'generators' | null => {
  const bad = [s, t].some((value) => value < 2n || value > N - 2n);
  if (bad || s === t || gcd(s, N) !== 1n || gcd(t, N) !== 1n) return 'generators';
  return null;
};

/** s^x·t^y mod Ñ for secret naturals below 2^xBits and 2^yBits. */
export function commitRing(
  { N, s, t }: RingPedersen,
  { x, xBits }: { readonly x: bigint; readonly xBits: number },
  { y, yBits }: { readonly y: bigint; readonly yBits: number },
): bigint {
  return (backend.modPow(s, x, xBits, N) * backend.modPow(t, y, yBits, N)) % N;
}
