/**
 * Parties that follow docs/spec/ot.md except where told, with integers instead of the library's rows:
 * an independent second implementation of both sides, for tests.
 */
import { concat } from '../../src/arith/bytes.ts';
import { Q } from '../../src/arith/scalar.ts';
import { LABELS } from '../../src/label.ts';
import { expandBlocks, oracleOf } from '../../src/ot/blocks.ts';
import { extendSend } from '../../src/ot/extension.ts';
import { builderLeaves, type OtBuilder, type OtEvaluator } from '../../src/ot/pprf.ts';
import { expand, hash } from '../../src/transcript.ts';
import { present } from './setup.ts';

const littleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
const bigEndian = (bytes: Uint8Array): bigint => littleEndian(bytes.slice().reverse());
const toLittleEndian = (value: bigint, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => Number((value >> BigInt(8 * at)) & 255n));
const toBigEndian = (value: bigint): Uint8Array => toLittleEndian(value, 32).reverse();
const mod = (value: bigint): bigint => ((value % Q) + Q) % Q;

/** a·b in GF(2¹²⁸). */
const fieldProduct = (a: bigint, b: bigint): bigint => {
  let product = 0n;
  let power = a;
  for (let rest = b; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) product ^= power;
    power <<= 1n;
    if (power >> 128n === 1n) power ^= (1n << 128n) | 0x87n;
  }
  return product;
};

/** ⟨row⟩ = Σ eⱼ·rowⱼ + row₅. */
export const combined = (row: bigint, coefficients: readonly bigint[]): bigint =>
  coefficients.reduce((sum, e, j) => {
    const block = (row >> BigInt(128 * j)) & ((1n << 128n) - 1n);
    return sum ^ fieldProduct(e, block);
  }, row >> 512n);

const coefficientsOf = (sid: Uint8Array, u: Uint8Array): bigint[] => {
  const bytes = expand(LABELS.extensionCheck, 64, sid, u);
  return [0, 1, 2, 3].map((j) => littleEndian(bytes.subarray(16 * j, 16 * (j + 1))));
};

const streamsOf = (sid: Uint8Array, builder: OtBuilder): bigint[][] => {
  const positions = new Uint32Array(3 * 512);
  for (let at = 0; at < 512; at++) positions.set([at >> 4, at & 15, 0], 3 * at);
  const oracle = oracleOf(LABELS.extensionLeaf, sid);
  const bytes = new Uint8Array(expandBlocks(oracle, builderLeaves(builder), positions, 5).buffer);
  return Array.from({ length: 32 }, (_, tree) =>
    Array.from({ length: 16 }, (__, y) => {
      const at = 80 * (16 * tree + y);
      return littleEndian(bytes.subarray(at, at + 80));
    }),
  );
};

/** A deviation of Bob in the extension: one bit of u in one tree, with a guess at Δ of that tree. */
export interface Lie {
  readonly tree: number;
  readonly bit: number;
  readonly guess: number;
}

/** Step 3.1 with choices of 64 bytes, a filler of 16, and perhaps a lie. 4,624 bytes. */
export function bobMessage(
  sid: Uint8Array,
  builder: OtBuilder,
  [choices, filler]: readonly [Uint8Array, Uint8Array],
  lie?: Lie,
): Uint8Array {
  const x = littleEndian(choices) | (littleEndian(filler) << 512n);
  const streams = streamsOf(sid, builder);
  const error = lie === undefined ? 0n : 1n << BigInt(lie.bit);
  const u = streams.map((leaves, tree) => {
    const honest = leaves.reduce((sum, leaf) => sum ^ leaf, x);
    return toLittleEndian(tree === lie?.tree ? honest ^ error : honest, 80);
  });
  const coefficients = coefficientsOf(sid, concat(...u));
  const t = streams.flatMap((leaves, tree) =>
    [0, 1, 2, 3].map((bit) => {
      const row = leaves.reduce((sum, leaf, y) => (((y >> bit) & 1) === 1 ? sum ^ leaf : sum), 0n);
      const guessed = tree === lie?.tree && ((lie.guess >> bit) & 1) === 1;
      return combined(row, coefficients) ^ (guessed ? combined(error, coefficients) : 0n);
    }),
  );
  const proofs = [combined(x, coefficients), ...t].map((value) => toLittleEndian(value, 16));
  return concat(...u, ...proofs);
}

/** Alice's message and output, where she may use other inputs in some rows. */
export interface AliceRun {
  readonly message: Uint8Array;
  readonly outputs: readonly [bigint, bigint];
}

/** Step 4.2 with inputs that may differ by row: `inputOf(row)` gives a₁, a₂, â of that row. */
export function aliceMessage(
  sid: Uint8Array,
  evaluator: OtEvaluator,
  bob: Uint8Array,
  inputOf: (row: number) => readonly [bigint, bigint, bigint],
): AliceRun {
  const columns = present(extendSend(sid, evaluator, bob));
  const delta = new Uint32Array(evaluator.delta.slice().buffer);
  const zero = rowScalars(sid, columns);
  const one = rowScalars(
    sid,
    columns.map((word, at) => word ^ delta[at % 4]!),
  );
  const masked = concat(
    ...zero.map((value, at) => {
      const input = inputOf(Math.floor(at / 3))[at % 3]!;
      return toBigEndian(mod(value - one[at]! + input));
    }),
  );
  const [t1, t2] = thetasOf(sid, masked);
  const [a1, a2, check] = inputOf(-1);
  const eta = mod(check + t1 * a1 + t2 * a2);
  const gadget = wide(expand(LABELS.rvoleGadget, 512 * 48, sid));
  const rows = gadget.map((_, j) => zero.slice(3 * j, 3 * j + 3) as [bigint, bigint, bigint]);
  const checks = rows.map(([x, y, z]) => toBigEndian(mod(z + t1 * x + t2 * y)));
  const output = (i: 0 | 1): bigint =>
    mod(-gadget.reduce((sum, g, j) => sum + g * rows[j]![i], 0n));
  const message = concat(masked, toBigEndian(eta), hash(LABELS.rvoleCheck, sid, concat(...checks)));
  return { message, outputs: [output(0), output(1)] };
}

/** A message that anybody could make for a Bob whose β and columns are all zero. */
export function messageForZeros(sid: Uint8Array): Uint8Array {
  const alpha = rowScalars(sid, new Uint32Array(4 * 512));
  const masked = new Uint8Array(512 * 3 * 32);
  const [t1, t2] = thetasOf(sid, masked);
  const checks = Array.from({ length: 512 }, (_, j) => {
    const [x, y, z] = alpha.slice(3 * j, 3 * j + 3) as [bigint, bigint, bigint];
    return toBigEndian(mod(z + t1 * x + t2 * y));
  });
  return concat(masked, new Uint8Array(32), hash(LABELS.rvoleCheck, sid, concat(...checks)));
}

const thetasOf = (sid: Uint8Array, masked: Uint8Array): [bigint, bigint] => {
  const digest = hash(LABELS.rvoleMasked, sid, masked);
  return wide(expand(LABELS.rvoleTheta, 96, digest)) as [bigint, bigint];
};

const rowScalars = (sid: Uint8Array, columns: Uint32Array): bigint[] => {
  const positions = new Uint32Array(3 * 512);
  for (let row = 0; row < 512; row++) positions[3 * row] = row;
  const blocks = expandBlocks(oracleOf(LABELS.extensionRow, sid), columns, positions, 9);
  return wide(new Uint8Array(blocks.buffer));
};

const wide = (bytes: Uint8Array): bigint[] =>
  Array.from({ length: bytes.length / 48 }, (_, n) =>
    mod(bigEndian(bytes.subarray(48 * n, 48 * n + 48))),
  );

/** A scalar's bytes as a number. */
export const numberOf = bigEndian;
