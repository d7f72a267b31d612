/**
 * Base oblivious transfer: 128 times 1-of-2 with random pads, two messages. docs/spec/ot.md, part 1.
 *
 * Source: Masny and Rindal, "Endemic Oblivious Transfer", eprint 2019/706, with Diffie–Hellman over
 * secp256k1. `+` and `−` are the group's, never those of encodings (O-1).
 */
import { concat, u16 } from '../arith/bytes.ts';
import { randomScalar, type Scalar } from '../arith/scalar.ts';
import {
  encodePoint,
  hashToPoint,
  mul,
  mulBase,
  negatePoint,
  type Point,
  pointEquals,
  sumPoints,
} from '../curve.ts';
import { LABELS } from '../label.ts';
import type { Rng } from '../rng.ts';
import { hash } from '../transcript.ts';
import { BASE_OT_POINTS, BASE_OTS, PADS_BYTES, SEED_BYTES } from './parameters.ts';

/** The receiver's state until the sender answers. Secret but for `message`. */
export interface BaseOtReceiver {
  /** 16 bytes; the choice of OT b is bit b mod 8 of byte ⌊b/8⌋. Secret. */
  readonly choices: Uint8Array;
  /** One scalar per OT. Secret. */
  readonly secrets: readonly Scalar[];
  /** R₀, R₁ of each OT. */
  readonly message: readonly Point[];
}

/** The sender's answer, and the pads that it keeps. */
export interface BaseOtSender {
  /** Pads 0 and 1 of each OT, 16 bytes each. Secret. */
  readonly pads: Uint8Array;
  /** t₀·G, t₁·G of each OT. */
  readonly message: readonly Point[];
}

/** Step 1.1: the receiver's choices and message. */
export function baseOtReceive(sid: Uint8Array, rng: Rng): BaseOtReceiver {
  const choices = rng(BASE_OTS / 8);
  const secrets: Scalar[] = [];
  const message: Point[] = [];
  for (let ot = 0; ot < BASE_OTS; ot++) {
    const secret = randomScalar(rng);
    const discarded = randomScalar(rng);
    const choice = bitOf(choices, ot);
    const other = mulBase(discarded); // R₁₋c
    const chosen = chosenPoint({ sid, ot, choice }, secret, other);
    secrets.push(secret);
    message.push(select(choice, chosen, other), select(choice, other, chosen));
    discarded.fill(0);
  }
  return { choices, secrets, message };
}

interface Place {
  readonly sid: Uint8Array;
  readonly ot: number;
  readonly choice: number;
}

/** R_c = a·G − F(c, R₁₋c). */
const chosenPoint = ({ sid, ot, choice }: Place, secret: Scalar, other: Point): Point => {
  const mask = oracle(sid, ot, choice, other);
  const chosen = sumPoints([mulBase(secret), negatePoint(mask)]);
  if (chosen === null) throw new Error('unreachable: a·G = F has probability 2⁻²⁵⁶');
  // The value is not needed: with it, both oracle calls of the sender are made here too, so that the
  // time taken says nothing about the choice.
  oracle(sid, ot, 1 - choice, chosen);
  return chosen;
};

/** Step 1.2: the sender's pads and message. [O1] is the codec's; null for a message against [O2]. */
export function baseOtSend(
  sid: Uint8Array,
  received: readonly Point[],
  rng: Rng,
): BaseOtSender | null {
  if (!arePairs(received)) return null;
  const pads = new Uint8Array(PADS_BYTES);
  const message: Point[] = [];
  for (const [at, point] of received.entries()) {
    const ot = at >> 1;
    const branch = at & 1;
    const sibling = received[at ^ 1];
    if (sibling === undefined) return null;
    const key = sumPoints([point, oracle(sid, ot, branch, sibling)]); // A_z = R_z + F(z, R₁₋z)
    if (key === null) return null;
    const secret = randomScalar(rng);
    message.push(mulBase(secret));
    pads.set(padOf({ sid, ot, choice: branch }, mul(key, secret)), at * SEED_BYTES);
    secret.fill(0);
  }
  return { pads, message };
}

/** Step 1.3: the pads of the receiver's choices, 128·16 bytes; null for a message against [O2]. */
export function baseOtFinish(
  sid: Uint8Array,
  { choices, secrets }: BaseOtReceiver,
  received: readonly Point[],
): Uint8Array | null {
  if (!arePairs(received)) return null;
  const pads = new Uint8Array(BASE_OTS * SEED_BYTES);
  for (const [ot, secret] of secrets.entries()) {
    const [zero, one] = [received[2 * ot], received[2 * ot + 1]];
    if (zero === undefined || one === undefined) return null;
    const choice = bitOf(choices, ot);
    pads.set(padOf({ sid, ot, choice }, mul(select(choice, zero, one), secret)), ot * SEED_BYTES);
  }
  return pads;
}

/** [O2] Exactly 256 points, and the two of each OT differ. */
const arePairs = (points: readonly Point[]): boolean =>
  points.length === BASE_OT_POINTS &&
  points.every((point, at) => {
    const sibling = points[at ^ 1];
    return sibling !== undefined && !pointEquals(point, sibling);
  });

/** F(z, b, sid, P): docs/spec/ot.md, "Oracles". */
const oracle = (sid: Uint8Array, ot: number, branch: number, point: Point): Point =>
  hashToPoint(LABELS.basePoint, sid, concat(u16(ot), Uint8Array.of(branch)), encodePoint(point));

const padOf = ({ sid, ot, choice }: Place, shared: Point): Uint8Array => {
  const place = concat(u16(ot), Uint8Array.of(choice));
  const pad = hash(LABELS.basePad, sid, place, encodePoint(shared)).slice(0, SEED_BYTES);
  shared.fill(0);
  return pad;
};

const bitOf = (bits: Uint8Array, at: number): number => ((bits[at >> 3] ?? 0) >> (at & 7)) & 1;

/** `zero` or `one`, by a mask. */
const select = (choice: number, zero: Point, one: Point): Point => {
  const selected = zero.slice() as Point;
  const mask = -choice;
  for (let at = 0; at < selected.length; at++) {
    selected[at] = (selected[at] ?? 0) ^ (((zero[at] ?? 0) ^ (one[at] ?? 0)) & mask);
  }
  return selected;
};
