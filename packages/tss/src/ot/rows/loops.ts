/** Rows in TypeScript, for every engine; constant time as far as its arithmetic on numbers is (SECURITY.md). */
import { wipe } from '../../arith/bytes.ts';
import {
  addSelected,
  checkRows,
  dotColumn,
  loadScalars,
  loadWide,
  maskedDifferences,
  selectedSum,
} from '../../arith/scalarVector.ts';
import { combineBlocks, transpose } from '../bitMatrix.ts';
import { BLOCK_WORDS, bytesOf, expandBlocks } from '../blocks.ts';
import { BASE_OTS, DEPTH, LEAVES, ROW_BITS, TREES, WIDTH } from '../parameters.ts';
import type { Folded, Limbs, Rows } from './types.ts';

const ROW_WORDS = ROW_BITS / 32;
/** Blocks that give one row its numbers: 48 bytes each. */
const ROW_FANOUT = (WIDTH * 48) / 16;

const foldStreams = (streams: Uint32Array): Folded => {
  const sums = new Uint32Array(TREES * ROW_WORDS);
  const rows = new Uint32Array(BASE_OTS * ROW_WORDS);
  for (let tree = 0; tree < TREES; tree++) {
    for (let z = 0; z < LEAVES; z++) {
      const from = (tree * LEAVES + z) * ROW_WORDS;
      xorRow(sums, tree, streams, from);
      for (let bit = 0; bit < DEPTH; bit++) {
        if (((z >> bit) & 1) === 1) xorRow(rows, tree * DEPTH + bit, streams, from);
      }
    }
  }
  return { sums, rows };
};

const xorRow = (target: Uint32Array, row: number, source: Uint32Array, from: number): void => {
  const to = row * ROW_WORDS;
  for (let word = 0; word < ROW_WORDS; word++) {
    target[to + word] = (target[to + word] ?? 0) ^ (source[from + word] ?? 0);
  }
};

const floats = (limbs: Limbs): Float64Array => {
  if (limbs instanceof Float64Array) return limbs;
  throw new Error('unreachable: limbs of the kernel');
};

/** Computes with scalars as limbs, which it wipes. */
const withScalars = <T>(bytes: Uint8Array, compute: (limbs: Float64Array) => T): T => {
  const limbs = loadScalars(bytes);
  try {
    return compute(limbs);
  } finally {
    wipe(limbs);
  }
};

/** The loops. */
export const loops: Rows = {
  name: 'loops',
  expand: expandBlocks,
  foldLeaves: (oracle, leaves, positions, punctured) => {
    const streams = expandBlocks(oracle, leaves, positions, ROW_WORDS / BLOCK_WORDS);
    const step = LEAVES * ROW_WORDS;
    for (let at = 0; punctured && at < streams.length; at += step) {
      streams.fill(0, at, at + ROW_WORDS);
    }
    const folded = foldStreams(streams);
    wipe(streams);
    return folded;
  },
  transpose,
  combine: combineBlocks,
  expandRows: (oracle, blocks, positions) => {
    const expanded = expandBlocks(oracle, blocks, positions, ROW_FANOUT);
    const limbs = loadWide(bytesOf(expanded));
    wipe(expanded);
    return limbs;
  },
  loadWide,
  selectedSum: (factors, bits) => selectedSum(floats(factors), bits),
  dotColumn: (factors, rows, column) => dotColumn(floats(factors), floats(rows), WIDTH, column),
  maskedDifferences: (rows, others, inputs) =>
    withScalars(inputs, (limbs) => maskedDifferences(floats(rows), floats(others), limbs)),
  addSelected: (rows, addends, bits) =>
    withScalars(addends, (limbs) => addSelected(floats(rows), limbs, WIDTH, bits)),
  checkRows: (rows, factors, selected) =>
    withScalars(factors, (limbs) => {
      if (selected === undefined) return checkRows(floats(rows), limbs);
      return withScalars(selected.addend, (addend) =>
        checkRows(floats(rows), limbs, { bits: selected.bits, addend }),
      );
    }),
};
