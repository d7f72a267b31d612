/**
 * The 32 binary trees that grow all-but-one OT from pads: docs/spec/ot.md, part 2. Builder and
 * evaluator share this code: a node is addressed by z = y ⊕ (path to the punctured leaf), so that
 * the evaluator touches the same places whatever its Δ is. The builder's path is zero: z = y.
 */
import { LABELS } from '../label.ts';
import { BLOCK_WORDS, type Oracle, oracleOf } from './blocks.ts';
import { DEPTH, TREES } from './parameters.ts';
import { rows } from './rows/rows.ts';

/** Four bits per tree: the punctured leaf y*. Zeros for a builder. Secret. */
export function pathsOf(delta: Uint8Array): Uint8Array {
  return Uint8Array.from(
    { length: TREES },
    (_, tree) => ((delta[tree >> 1] ?? 0) >> (4 * (tree & 1))) & 15,
  );
}

/** The oracle of all levels of one set-up. */
export const treeOracle = (sid: Uint8Array): Oracle => oracleOf(LABELS.pprfTree, sid);

/**
 * Grows every tree by one level. Nodes of level `level` are in order (tree, z), 2^level a tree; so are
 * the children, 2z and 2z + 1 from z. Wipes the nodes.
 */
export function growLevel(
  oracle: Oracle,
  nodes: Uint32Array,
  level: number,
  paths: Uint8Array,
): Uint32Array {
  const width = 2 ** level;
  const positions = new Uint32Array(TREES * width * 3);
  for (let tree = 0, at = 0; tree < TREES; tree++) {
    const prefix = (paths[tree] ?? 0) >> (DEPTH - level);
    for (let z = 0; z < width; z++, at += 3) {
      positions[at] = tree;
      positions[at + 1] = level;
      positions[at + 2] = z ^ prefix;
    }
  }
  const children = rows().expand(oracle, nodes, positions, 2);
  positions.fill(0);
  nodes.fill(0);
  swapChildren(children, level, paths);
  return children;
}

/** Child y·2 + f of a node is at z·2 + (f ⊕ the path's bit): exchanges both where that bit is 1. */
const swapChildren = (children: Uint32Array, level: number, paths: Uint8Array): void => {
  const width = 2 ** level;
  for (let tree = 0; tree < TREES; tree++) {
    const mask = -(((paths[tree] ?? 0) >> (DEPTH - level - 1)) & 1);
    for (let z = 0; z < width; z++) {
      const left = (tree * width + z) * 2 * BLOCK_WORDS;
      const right = left + BLOCK_WORDS;
      for (let word = 0; word < BLOCK_WORDS; word++) {
        const difference = ((children[left + word] ?? 0) ^ (children[right + word] ?? 0)) & mask;
        children[left + word] = (children[left + word] ?? 0) ^ difference;
        children[right + word] = (children[right + word] ?? 0) ^ difference;
      }
    }
  }
};

/** Writes one 4-word seed per tree to node z of a level. */
export function placeNode(nodes: Uint32Array, level: number, z: number, seeds: Uint32Array): void {
  const width = 2 ** level;
  for (let tree = 0; tree < TREES; tree++) {
    const seed = seeds.subarray(tree * BLOCK_WORDS, (tree + 1) * BLOCK_WORDS);
    nodes.set(seed, (tree * width + z) * BLOCK_WORDS);
  }
}

/** Words of all nodes of a level. */
export const levelWords = (level: number): number => TREES * 2 ** level * BLOCK_WORDS;
