/**
 * All-but-one OT: 32 trees of 16 leaves, of which the evaluator learns all but the one that its
 * choices puncture. docs/spec/ot.md, part 2.
 *
 * Source: Roy, "SoftSpokenOT", eprint 2022/192, figures 13 and 14.
 */
import { equalBytes, u16, wipe } from '../arith/bytes.ts';
import { LABELS } from '../label.ts';
import { hash } from '../transcript.ts';
import { BLOCK_WORDS, bytesOf, copyWords } from './blocks.ts';
import {
  BASE_OTS,
  BUILDER_SEED_BYTES,
  DEPTH,
  EVALUATOR_SEED_BYTES,
  LEAVES,
  PPRF_BYTES,
  PPRF_TREE_BYTES,
  SEED_BYTES,
  TREES,
} from './parameters.ts';
import { growLevel, levelWords, pathsOf, placeNode, treeOracle } from './tree.ts';

/** Kept by the receiver of extended OTs. Secret but for `sid`. */
export interface OtBuilder {
  /** The pair's set-up session, 32 bytes. */
  readonly sid: Uint8Array;
  /** Both level-1 seeds of each tree, 1,024 bytes. Secret. */
  readonly seeds: Uint8Array;
}

/** Kept by the sender of extended OTs. Secret but for `sid`. */
export interface OtEvaluator {
  /** The pair's set-up session, 32 bytes. */
  readonly sid: Uint8Array;
  /** Δ: the punctured leaf of tree n in bits 4n..4n+3, 16 bytes. Secret. */
  readonly delta: Uint8Array;
  /** The sibling of the punctured path at each level 1..4 of each tree, 2,048 bytes. Secret. */
  readonly seeds: Uint8Array;
}

/** Bytes of s̃ and t̃. */
const PROOF_BYTES = 32;
/** The offset of s̃ in a tree's part of the message. */
const PROOF_OFFSET = PPRF_TREE_BYTES - 2 * PROOF_BYTES;
/** No punctured leaf: the builder knows all. */
const NO_PATHS = new Uint8Array(TREES);

/** Step 2.1: the builder's state and its message. */
export function pprfBuild(
  sid: Uint8Array,
  pads: Uint8Array,
): { builder: OtBuilder; message: Uint8Array } {
  const oracle = treeOracle(sid);
  const padWords = copyWords(pads);
  const message = new Uint8Array(PPRF_BYTES);
  let nodes: Uint32Array = new Uint32Array(levelWords(1));
  for (let tree = 0; tree < TREES; tree++) {
    const at = tree * DEPTH * 2 * BLOCK_WORDS;
    nodes.set(padWords.subarray(at, at + 2 * BLOCK_WORDS), tree * 2 * BLOCK_WORDS);
  }
  const builder = { sid: Uint8Array.from(sid), seeds: bytesOf(nodes).slice() };
  for (let level = 1; level < DEPTH; level++) {
    nodes = growLevel(oracle, nodes, level, NO_PATHS);
    maskSums(message, nodes, level + 1, padWords);
  }
  const proofs = leafProofs(sid, nodes, NO_PATHS);
  for (let tree = 0; tree < TREES; tree++) {
    const at = tree * PPRF_TREE_BYTES + PROOF_OFFSET;
    const proof = proofs.subarray(tree * LEAVES * PROOF_BYTES, (tree + 1) * LEAVES * PROOF_BYTES);
    message.set(treeProof(sid, tree, proof), at);
    message.set(sumOfProofs(proof), at + PROOF_BYTES);
  }
  wipe(nodes, padWords, proofs);
  return { builder, message };
}

/** tᵢᶻ = mᵢᶻ ⊕ ⊕_y s_{2y+z}, for both z. */
const maskSums = (
  message: Uint8Array,
  nodes: Uint32Array,
  level: number,
  padWords: Uint32Array,
): void => {
  const width = 2 ** level;
  const sums = new Uint32Array(2 * BLOCK_WORDS);
  for (let tree = 0; tree < TREES; tree++) {
    const pad = (tree * DEPTH + level - 1) * 2 * BLOCK_WORDS;
    sums.set(padWords.subarray(pad, pad + 2 * BLOCK_WORDS));
    for (let y = 0; y < width; y++) xorBlock(sums, y & 1, nodes, tree * width + y);
    message.set(bytesOf(sums), tree * PPRF_TREE_BYTES + (level - 2) * 2 * SEED_BYTES);
  }
  sums.fill(0);
};

/** target[n] ⊕= source[m], blocks. */
const xorBlock = (target: Uint32Array, n: number, source: Uint32Array, m: number): void => {
  for (let word = 0; word < BLOCK_WORDS; word++) {
    const at = n * BLOCK_WORDS + word;
    target[at] = (target[at] ?? 0) ^ (source[m * BLOCK_WORDS + word] ?? 0);
  }
};

/** Step 2.2: the evaluator's state; null if a tree does not fit its proof [O5]. */
export function pprfEvaluate(
  sid: Uint8Array,
  choices: Uint8Array,
  chosenPads: Uint8Array,
  message: Uint8Array,
): OtEvaluator | null {
  if (message.length !== PPRF_BYTES || chosenPads.length !== BASE_OTS * SEED_BYTES) return null;
  const delta = deltaOf(choices);
  const paths = pathsOf(delta);
  const oracle = treeOracle(sid);
  const padWords = copyWords(chosenPads);
  const seeds = new Uint8Array(EVALUATOR_SEED_BYTES);
  let nodes: Uint32Array = new Uint32Array(levelWords(1));
  for (let level = 1; level <= DEPTH; level++) {
    if (level > 1) nodes = growLevel(oracle, nodes, level - 1, paths);
    const siblings = siblingSeeds(nodes, level, padWords);
    if (level > 1) unmask(siblings, message, level, choices);
    placeNode(nodes, level, 1, siblings);
    for (let tree = 0; tree < TREES; tree++) {
      const seed = bytesOf(siblings).subarray(tree * SEED_BYTES, (tree + 1) * SEED_BYTES);
      seeds.set(seed, (tree * DEPTH + level - 1) * SEED_BYTES);
    }
    siblings.fill(0);
  }
  const valid = verifyProofs(sid, nodes, paths, message);
  wipe(nodes, padWords, paths);
  if (valid) return { sid: Uint8Array.from(sid), delta, seeds };
  wipe(seeds, delta);
  return null;
}

/** Δ: bit 4 − i of tree n is the complement of choice bit 4n + i − 1, i = 1..4. */
const deltaOf = (choices: Uint8Array): Uint8Array =>
  choices.map((byte) => {
    const reversed = (nibble: number): number =>
      ((nibble & 1) << 3) | ((nibble & 2) << 1) | ((nibble & 4) >> 1) | ((nibble & 8) >> 3);
    return (reversed(~byte & 15) | (reversed((~byte >> 4) & 15) << 4)) & 255;
  });

/** Per tree: chosen pad ⊕ all known nodes on the sibling's side, z = 3, 5, … */
const siblingSeeds = (nodes: Uint32Array, level: number, padWords: Uint32Array): Uint32Array => {
  const width = 2 ** level;
  const sums = new Uint32Array(TREES * BLOCK_WORDS);
  for (let tree = 0; tree < TREES; tree++) {
    xorBlock(sums, tree, padWords, tree * DEPTH + level - 1);
    for (let z = 3; z < width; z += 2) xorBlock(sums, tree, nodes, tree * width + z);
  }
  return sums;
};

/** Per tree: ⊕= tᵢᶜ, taken by a mask. */
const unmask = (
  sums: Uint32Array,
  message: Uint8Array,
  level: number,
  choices: Uint8Array,
): void => {
  for (let tree = 0; tree < TREES; tree++) {
    const ot = tree * DEPTH + level - 1;
    const mask = -(((choices[ot >> 3] ?? 0) >> (ot & 7)) & 1);
    const at = tree * PPRF_TREE_BYTES + (level - 2) * 2 * SEED_BYTES;
    const sent = copyWords(message.subarray(at, at + 2 * SEED_BYTES));
    for (let word = 0; word < BLOCK_WORDS; word++) {
      const [zero, one] = [sent[word] ?? 0, sent[word + BLOCK_WORDS] ?? 0];
      const to = tree * BLOCK_WORDS + word;
      sums[to] = (sums[to] ?? 0) ^ zero ^ ((zero ^ one) & mask);
    }
  }
};

/** s̃_y = H'(tree, y, s_y) of all leaves in order (tree, z), 32 bytes each. */
const leafProofs = (sid: Uint8Array, leaves: Uint32Array, paths: Uint8Array): Uint8Array => {
  const bytes = bytesOf(leaves);
  const proofs = new Uint8Array(TREES * LEAVES * PROOF_BYTES);
  for (let at = 0; at < TREES * LEAVES; at++) {
    const tree = Math.floor(at / LEAVES);
    const y = (at % LEAVES) ^ (paths[tree] ?? 0);
    const leaf = bytes.subarray(at * SEED_BYTES, (at + 1) * SEED_BYTES);
    proofs.set(hash(LABELS.pprfLeafProof, sid, u16(tree), u16(y), leaf), at * PROOF_BYTES);
  }
  return proofs;
};

/** s̃ = H(tree, s̃₀ ‖ … ‖ s̃₁₅), in order of y. */
const treeProof = (sid: Uint8Array, tree: number, proofs: Uint8Array): Uint8Array =>
  hash(LABELS.pprfTreeProof, sid, u16(tree), proofs);

/** t̃ = ⊕ s̃_y. */
const sumOfProofs = (proofs: Uint8Array): Uint8Array => {
  const sum = new Uint8Array(PROOF_BYTES);
  proofs.forEach((byte, at) => {
    sum[at % PROOF_BYTES] = (sum[at % PROOF_BYTES] ?? 0) ^ byte;
  });
  return sum;
};

/** Fills in s̃ of the punctured leaf from t̃ and compares s̃; all trees, no early exit. */
const verifyProofs = (
  sid: Uint8Array,
  leaves: Uint32Array,
  paths: Uint8Array,
  message: Uint8Array,
): boolean => {
  const proofs = leafProofs(sid, leaves, paths);
  let valid = true;
  for (let tree = 0; tree < TREES; tree++) {
    const at = tree * PPRF_TREE_BYTES + PROOF_OFFSET;
    const expected = message.subarray(at, at + PROOF_BYTES);
    const total = message.subarray(at + PROOF_BYTES, at + 2 * PROOF_BYTES);
    const proof = proofs.subarray(tree * LEAVES * PROOF_BYTES, (tree + 1) * LEAVES * PROOF_BYTES);
    proof.fill(0, 0, PROOF_BYTES); // z = 0 is the punctured leaf
    const missing = sumOfProofs(proof);
    for (let byte = 0; byte < PROOF_BYTES; byte++) {
      proof[byte] = (missing[byte] ?? 0) ^ (total[byte] ?? 0);
    }
    orderByLeaf(proof, paths[tree] ?? 0);
    valid = equalBytes(treeProof(sid, tree, proof), expected) && valid;
  }
  proofs.fill(0);
  return valid;
};

/** From order of z to order of y = z ⊕ path, by masked exchanges. */
const orderByLeaf = (proofs: Uint8Array, path: number): void => {
  for (let bit = 1; bit < LEAVES; bit <<= 1) {
    const mask = -Math.sign(path & bit);
    for (let low = 0; low < LEAVES; low++) {
      if ((low & bit) !== 0) continue;
      for (let byte = 0; byte < PROOF_BYTES; byte++) {
        const [a, b] = [low * PROOF_BYTES + byte, (low | bit) * PROOF_BYTES + byte];
        const difference = ((proofs[a] ?? 0) ^ (proofs[b] ?? 0)) & mask;
        proofs[a] = (proofs[a] ?? 0) ^ difference;
        proofs[b] = (proofs[b] ?? 0) ^ difference;
      }
    }
  }
};

/** All leaves of a builder, in order (tree, y). Secret. */
export function builderLeaves({ sid, seeds }: OtBuilder): Uint32Array {
  if (seeds.length !== BUILDER_SEED_BYTES) throw new RangeError(`${seeds.length} bytes of seeds`);
  const oracle = treeOracle(sid);
  let nodes = copyWords(seeds);
  for (let level = 1; level < DEPTH; level++) {
    nodes = growLevel(oracle, nodes, level, NO_PATHS);
  }
  return nodes;
}

/** The leaves of an evaluator, in order (tree, z); z = 0 holds nothing of meaning. Secret. */
export function evaluatorLeaves({ sid, delta, seeds }: OtEvaluator): Uint32Array {
  if (seeds.length !== EVALUATOR_SEED_BYTES) throw new RangeError(`${seeds.length} bytes of seeds`);
  const oracle = treeOracle(sid);
  const words = copyWords(seeds);
  const paths = pathsOf(delta);
  let nodes: Uint32Array = new Uint32Array(levelWords(1));
  const siblings = new Uint32Array(TREES * BLOCK_WORDS);
  for (let level = 1; level <= DEPTH; level++) {
    if (level > 1) nodes = growLevel(oracle, nodes, level - 1, paths);
    siblings.fill(0);
    for (let tree = 0; tree < TREES; tree++)
      xorBlock(siblings, tree, words, tree * DEPTH + level - 1);
    placeNode(nodes, level, 1, siblings);
  }
  wipe(words, siblings, paths);
  return nodes;
}
