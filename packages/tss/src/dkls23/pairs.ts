/** Session ids and zero shares of pairs of parties. Each pair, role and use has its own (D-15). */
import { concat, u16 } from '../arith/bytes.ts';
import {
  addScalars,
  reduceWide,
  type Scalar,
  scalarFromNumber,
  subScalars,
} from '../arith/scalar.ts';
import { LABELS } from '../label.ts';
import { withTemporaries } from '../secrets.ts';
import { expand, hash } from '../transcript.ts';

/** Set-up of OT between a builder and an evaluator. 32 bytes. */
export function setupPairId(sid: Uint8Array, builder: number, evaluator: number): Uint8Array {
  return hash(LABELS.pairSetup, sid, u16(builder), u16(evaluator));
}

/** One multiplication in one signature; Bob receives (the builder of the set-up), Alice sends. */
export function signPairId(sid: Uint8Array, bob: number, alice: number): Uint8Array {
  return hash(LABELS.pairSign, sid, u16(bob), u16(alice));
}

/**
 * ζᵢ = Σ_{j≠i} ± PRF(seedᵢⱼ, sid), + for i > j. The sum over all signers is zero; `sid` holds the
 * signer set (O-13). Secret.
 */
export function zeroShare(
  sid: Uint8Array,
  index: number,
  seeds: ReadonlyMap<number, Uint8Array>,
): Scalar {
  return withTemporaries((temporary) => {
    let sum = scalarFromNumber(0);
    for (const [peer, seed] of seeds) {
      const pair = concat(u16(Math.min(index, peer)), u16(Math.max(index, peer)));
      const wide = temporary(expand(LABELS.zeroShare, 48, seed, sid, pair));
      const mask = temporary(reduceWide(wide));
      temporary(sum);
      sum = index > peer ? addScalars(sum, mask) : subScalars(sum, mask);
    }
    return sum;
  });
}

/** The value of one peer in a map of all. */
export function required<T>(map: ReadonlyMap<number, T>, peer: number): T {
  const value = map.get(peer);
  if (value === undefined) throw new Error(`unreachable: nothing for party ${peer}`);
  return value;
}
