/**
 * OT extension: 640 correlated bits from 32 all-but-one OTs, one message from receiver to sender.
 * docs/spec/ot.md, part 3.
 *
 * Source: Roy, "SoftSpokenOT", eprint 2022/192, with k = 4, made non-interactive by hashing.
 */
import { wipe } from '../arith/bytes.ts';
import { LABELS } from '../label.ts';
import type { Rng } from '../rng.ts';
import { expand } from '../transcript.ts';
import { BLOCK_WORDS, bytesOf, copyWords, oracleOf, wordsOf } from './blocks.ts';
import {
  BASE_OTS,
  EXTENSION_BYTES,
  FIELD_BITS,
  LEAVES,
  ROW_BITS,
  TREES,
  XI,
} from './parameters.ts';
import { builderLeaves, evaluatorLeaves, type OtBuilder, type OtEvaluator } from './pprf.ts';
import { rows } from './rows/rows.ts';
import type { Folded } from './rows/types.ts';
import { pathsOf } from './tree.ts';

/** Words of a row of ξ' bits, of u, of a field element and of all rows. */
const ROW_WORDS = ROW_BITS / 32;
const U_WORDS = TREES * ROW_WORDS;
const FIELD_WORDS = FIELD_BITS / 32;
const COLUMN_WORDS = BASE_OTS / 32;
/** m: coefficients of the check. */
const TERMS = XI / FIELD_BITS;

/** The receiver's output. Secret but for `message`. */
export interface Extended {
  /** 4,624 bytes: u, x̂, t. */
  readonly message: Uint8Array;
  /** vᵀ: for each of the ξ choices 128 bits, 4 words. Secret. */
  readonly columns: Uint32Array;
}

/** Step 3.1: as receiver with ξ choice bits, 64 bytes. */
export function extendReceive(
  sid: Uint8Array,
  builder: OtBuilder,
  choices: Uint8Array,
  rng: Rng,
): Extended {
  const x = new Uint32Array(ROW_WORDS);
  const filler = rng(FIELD_BITS / 8);
  bytesOf(x).set(choices);
  bytesOf(x).set(filler, XI / 8);
  const leaves = builderLeaves(builder);
  const { sums, rows: v } = foldStreams(sid, leaves, null);
  for (let at = 0; at < U_WORDS; at++) sums[at] = (sums[at] ?? 0) ^ (x[at % ROW_WORDS] ?? 0); // u

  const columns = rows().transpose(v, BASE_OTS, ROW_BITS);
  const coefficients = checkCoefficients(sid, bytesOf(sums));
  const combined = rows().combine(columns, COLUMN_WORDS, coefficients);
  const t = rows().transpose(combined, FIELD_BITS, BASE_OTS);
  const message = new Uint8Array(EXTENSION_BYTES);
  const words = wordsOf(message);
  words.set(sums, 0);
  words.set(combineRow(x, coefficients), U_WORDS);
  words.set(t, U_WORDS + FIELD_WORDS);
  const kept = columns.slice(0, XI * COLUMN_WORDS);
  wipe(x, filler, leaves, v, columns, combined);
  return { message, columns: kept };
}

/** Step 3.2: as sender; wᵀ in ξ columns of 4 words (secret), or null if the check fails [O6]. */
export function extendSend(
  sid: Uint8Array,
  evaluator: OtEvaluator,
  message: Uint8Array,
): Uint32Array | null {
  if (message.length !== EXTENSION_BYTES) return null; // [O7]
  const words = copyWords(message);
  const u = words.subarray(0, U_WORDS);
  const paths = pathsOf(evaluator.delta);
  const leaves = evaluatorLeaves(evaluator);
  const { rows: w } = foldStreams(sid, leaves, paths);
  for (let row = 0; row < BASE_OTS; row++) {
    const mask = -(((paths[row >> 2] ?? 0) >> (row & 3)) & 1);
    for (let word = 0; word < ROW_WORDS; word++) {
      const at = row * ROW_WORDS + word;
      w[at] = (w[at] ?? 0) ^ ((u[(row >> 2) * ROW_WORDS + word] ?? 0) & mask);
    }
  }
  const columns = rows().transpose(w, BASE_OTS, ROW_BITS);
  const coefficients = checkCoefficients(sid, bytesOf(u));
  const sums = rows().combine(columns, COLUMN_WORDS, coefficients);
  const combined = rows().transpose(sums, FIELD_BITS, BASE_OTS);
  const valid = isConsistent(combined, words.subarray(U_WORDS), paths);
  const kept = columns.slice(0, XI * COLUMN_WORDS);
  wipe(leaves, w, columns, sums, combined, paths);
  if (valid) return kept;
  kept.fill(0);
  return null;
}

/** Σⱼ eⱼ·wᵢⱼ + wᵢ,ₘ₊₁ = tᵢ ⊕ Δᵢ·x̂ for all 128 rows, without an early exit. */
const isConsistent = (combined: Uint32Array, proof: Uint32Array, paths: Uint8Array): boolean => {
  let difference = 0;
  for (let row = 0; row < BASE_OTS; row++) {
    const mask = -(((paths[row >> 2] ?? 0) >> (row & 3)) & 1);
    for (let word = 0; word < FIELD_WORDS; word++) {
      const at = row * FIELD_WORDS + word;
      const expected = (proof[FIELD_WORDS + at] ?? 0) ^ ((proof[word] ?? 0) & mask);
      difference |= (combined[at] ?? 0) ^ expected;
    }
  }
  return difference === 0;
};

/**
 * r of every leaf in order (tree, z), folded: ξ' bits from the leaf, sid, tree and y. With an evaluator's paths z = 0
 * is not known and left out.
 */
const foldStreams = (sid: Uint8Array, leaves: Uint32Array, paths: Uint8Array | null): Folded => {
  const count = leaves.length / BLOCK_WORDS;
  const positions = new Uint32Array(3 * count);
  for (let at = 0; at < count; at++) {
    const tree = Math.floor(at / LEAVES);
    positions[3 * at] = tree;
    positions[3 * at + 1] = (at % LEAVES) ^ (paths?.[tree] ?? 0);
  }
  const oracle = oracleOf(LABELS.extensionLeaf, sid);
  const folded = rows().foldLeaves(oracle, leaves, positions, paths !== null);
  positions.fill(0);
  return folded;
};

/** e₁..e_m from everything that the receiver sent before them. */
const checkCoefficients = (sid: Uint8Array, u: Uint8Array): Uint32Array =>
  wordsOf(expand(LABELS.extensionCheck, (TERMS * FIELD_BITS) / 8, sid, u));

/** x̂: the same combination of one row. */
const combineRow = (x: Uint32Array, coefficients: Uint32Array): Uint32Array => {
  const bits = new Uint32Array(ROW_BITS);
  for (let at = 0; at < ROW_BITS; at++) bits[at] = ((x[at >> 5] ?? 0) >>> (at & 31)) & 1;
  const combined = rows().combine(bits, 1, coefficients);
  const packed = new Uint32Array(FIELD_WORDS);
  combined.forEach((bit, at) => {
    packed[at >> 5] = (packed[at >> 5] ?? 0) | (bit << (at & 31));
  });
  wipe(bits, combined);
  return packed;
};
