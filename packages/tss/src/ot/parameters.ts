/** Sizes of oblivious transfer and multiplication: docs/spec/ot.md, "Parameters". */

import { SCALAR_DRAW } from '../arith/scalar.ts';

/** κ: bits of a scalar. */
export const KAPPA = 256;
/** λc: base OTs, and bits of Δ. */
export const BASE_OTS = 128;
/** λs: bits of statistical security; the checks are Fiat–Shamired, so the work of grinding counts. */
export const STATISTICAL = 128;
/** σ: bits of the field of the consistency check. */
export const FIELD_BITS = 128;
/** ξ = κ + 2λs: choice bits of one multiplication. */
export const XI: number = KAPPA + 2 * STATISTICAL;
/** ξ' = ξ + σ: bits of a row of the extension. */
export const ROW_BITS: number = XI + FIELD_BITS;
/** k: depth of a tree. */
export const DEPTH = 4;
/** λc / k trees, each with 2ᵏ leaves. */
export const TREES: number = BASE_OTS / DEPTH;
/** 2ᵏ. */
export const LEAVES: number = 2 ** DEPTH;
/** ℓ: inputs of the sender of a multiplication. */
export const INPUTS = 2;
/** ρ: check columns. */
export const CHECKS = 1;
/** ℓ + ρ: scalars that one row of the extension gives. */
export const WIDTH: number = INPUTS + CHECKS;
/** Bytes of a seed, a pad, a leaf and an AES block. */
export const SEED_BYTES = 16;

/** Random bytes of one step, short of a scalar that is drawn again: 1.1, 1.2, 4.1 and 4.2. */
export const OFFER_DRAW: number = BASE_OTS / 8 + 2 * BASE_OTS * SCALAR_DRAW;
export const ANSWER_DRAW: number = 2 * BASE_OTS * SCALAR_DRAW;
export const RECEIVE_DRAW: number = XI / 8 + FIELD_BITS / 8;
export const SEND_DRAW: number = CHECKS * SCALAR_DRAW;

/** Points of each base OT message: two per OT. */
export const BASE_OT_POINTS: number = 2 * BASE_OTS;
/** Bytes of the pads of the base OT sender: two per OT. */
export const PADS_BYTES: number = 2 * BASE_OTS * SEED_BYTES;
/** Bytes of one tree in the PPRF message: (k − 1) pairs of sums, s̃ and t̃. */
export const PPRF_TREE_BYTES: number = (DEPTH - 1) * 2 * SEED_BYTES + 64;
/** Bytes of the PPRF message. */
export const PPRF_BYTES: number = TREES * PPRF_TREE_BYTES;
/** Bytes of the seeds that a builder keeps: both of level 1, per tree. */
export const BUILDER_SEED_BYTES: number = TREES * 2 * SEED_BYTES;
/** Bytes of the seeds that an evaluator keeps: one sibling per level, per tree. */
export const EVALUATOR_SEED_BYTES: number = TREES * DEPTH * SEED_BYTES;
/** Bytes of Bob's message: u, x̂, t. */
export const EXTENSION_BYTES: number =
  TREES * (ROW_BITS / 8) + FIELD_BITS / 8 + BASE_OTS * (FIELD_BITS / 8);
/** Bytes of Alice's message: ã, η, μ. */
export const RVOLE_BYTES: number = XI * WIDTH * 32 + CHECKS * 32 + 32;
