/** A pair of parties after OT set-up, for tests. */
import { baseOtFinish, baseOtReceive, baseOtSend } from '../../src/ot/base.ts';
import { type OtBuilder, type OtEvaluator, pprfBuild, pprfEvaluate } from '../../src/ot/pprf.ts';
import type { Rng } from '../../src/rng.ts';
import { seededRng } from '../support/rng.ts';

export interface Pair {
  readonly builder: OtBuilder;
  readonly evaluator: OtEvaluator;
}

/** Runs parts 1 and 2 of docs/spec/ot.md. */
export function setUpPair(seed: string): Pair {
  const rng = seededRng(seed);
  const sid = rng(32);
  const offer = baseOtReceive(sid, rng);
  const answer = present(baseOtSend(sid, offer.message, rng));
  const { builder, message } = pprfBuild(sid, answer.pads);
  const pads = present(baseOtFinish(sid, offer, answer.message));
  return { builder, evaluator: present(pprfEvaluate(sid, offer.choices, pads, message)) };
}

/** The value, which a test says is there. */
export function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('nothing there');
  return value;
}

/** Bit n of a byte string. */
export const bitOf = (bytes: Uint8Array, n: number): number => (bytes[n >> 3]! >> (n & 7)) & 1;

/** A copy with one bit changed. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}

/** Draws like `rng`, remembering what it gave. */
export function recorded(rng: Rng): { rng: Rng; draws: Uint8Array[] } {
  const draws: Uint8Array[] = [];
  return {
    draws,
    rng: (length) => {
      const bytes = rng(length);
      draws.push(bytes.slice());
      return bytes;
    },
  };
}
