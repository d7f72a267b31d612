/** Keys from the fixture primes, and contexts, for the tests of the proofs. */
import { fixturePrimes } from '../../../../test/support/fixturePrimes.ts';
import { paillierFromPrimes, type PaillierSecret } from '../../src/paillier.ts';
import { makeRingPedersen, type RingPedersenSecret } from '../../src/pedersen.ts';
import type { Rng } from '../../src/rng.ts';
import type { ModulusBits } from '../../src/zk/parameters.ts';
import type { ZkContext } from '../../src/zk/transcript.ts';
import { seededRng } from '../support/rng.ts';

const pairAt = (bits: ModulusBits, at: number): readonly [bigint, bigint] => {
  const [p, q] = fixturePrimes(bits).slice(2 * at, 2 * at + 2);
  if (p === undefined || q === undefined) throw new Error(`no pair ${at} of ${bits} bits`);
  return [p, q];
};

/** A Paillier key from pair `at` of the fixture. */
export const fixturePaillier = (bits: ModulusBits, at: number): PaillierSecret =>
  paillierFromPrimes(...pairAt(bits, at));

/** Ring-Pedersen parameters from pair `at` of the fixture. */
export const fixturePedersen = (bits: ModulusBits, at: number): RingPedersenSecret =>
  makeRingPedersen(...pairAt(bits, at), seededRng(`pedersen/${bits}/${at}`));

/** A context, and others that differ from it in one respect each. */
export function contexts(rng: Rng): { bound: ZkContext; others: ZkContext[] } {
  const bound = { sessionId: rng(32), prover: 1, verifier: 2, context: rng(8) };
  const { sessionId, context } = bound;
  return {
    bound,
    others: [
      { ...bound, sessionId: sessionId.map((byte, at) => (at === 31 ? byte ^ 1 : byte)) },
      { ...bound, prover: 3 },
      { ...bound, verifier: 3 },
      { ...bound, prover: 2, verifier: 1 },
      { ...bound, context: context.map((byte, at) => (at === 0 ? byte ^ 1 : byte)) },
      { ...bound, context: new Uint8Array(0) },
    ],
  };
}
