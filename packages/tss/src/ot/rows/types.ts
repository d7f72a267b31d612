/**
 * The inner loops of OT extension and multiplication: docs/spec/ot.md, "The kernel". Two implementations give
 * the same bytes: kernel.ts (WebAssembly with vectors) and loops.ts (everywhere); rows.ts chooses.
 */
import type { Oracle } from '../blocks.ts';

/** Numbers modulo q, in the form of the implementation that read them. */
export type Limbs = Float64Array | Uint32Array;

/** An addend of rows: row n gets it when bit n is set. */
interface Selected {
  readonly bits: Uint8Array;
  /** 32 bytes. */
  readonly addend: Uint8Array;
}

/** Per tree ⊕_z r_z, and the rows ⊕_z bit_b(z)·r_z, b = 0..3, of which row 4·tree + b is made. */
export interface Folded {
  readonly sums: Uint32Array;
  readonly rows: Uint32Array;
}

/**
 * Operations on the rows of one instance of OT: up to 512 of them, a multiple of four. Inputs are not modified unless
 * said otherwise; outputs are fresh; nothing of either is left behind.
 */
export interface Rows {
  readonly name: 'kernel' | 'loops';
  /**
   * The oracle T: expands each block into `fanout` blocks. Block n has three words of `positions`; with the number
   * of the output block as the fourth they are the tweak i.
   */
  expand(oracle: Oracle, blocks: Uint32Array, positions: Uint32Array, fanout: number): Uint32Array;
  /** The leaves' streams of 640 bits by T, folded; without those of the leaves z = 0 if they are not known. */
  foldLeaves(
    oracle: Oracle,
    leaves: Uint32Array,
    positions: Uint32Array,
    punctured: boolean,
  ): Folded;
  /** Transposes `rows` rows (a multiple of 32) of `columns` bits (a multiple of 128). */
  transpose(matrix: Uint32Array, rows: number, columns: number): Uint32Array;
  /**
   * Σⱼ eⱼ·xⱼ + x_{m+1} in the field of the check for many rows x at once, given transposed: column n holds bit n of
   * every row in `stride` words. The coefficients are public.
   */
  combine(columns: Uint32Array, stride: number, coefficients: Uint32Array): Uint32Array;
  /** Expands each block by T into a row of three numbers of 48 bytes, big-endian, modulo q. */
  expandRows(oracle: Oracle, blocks: Uint32Array, positions: Uint32Array): Limbs;
  /** Reads 48-byte values, big-endian, modulo q. */
  loadWide(bytes: Uint8Array): Limbs;
  /** Σ factors[n]·bit n of `bits`; 32 bytes. */
  selectedSum(factors: Limbs, bits: Uint8Array): Uint8Array;
  /** Σₙ factors[n]·rows[n][column]; 32 bytes. */
  dotColumn(factors: Limbs, rows: Limbs, column: number): Uint8Array;
  /** rows[n][i] − others[n][i] + inputs[i], 32 bytes each, row by row; the inputs are three scalars in a row. */
  maskedDifferences(rows: Limbs, others: Limbs, inputs: Uint8Array): Uint8Array;
  /** rows[n][i] += bit n of `bits` · addends[n][i], in place, once; the addends are scalars row by row. */
  addSelected(rows: Limbs, addends: Uint8Array, bits: Uint8Array): void;
  /** rows[n][2] + f₀·rows[n][0] + f₁·rows[n][1] (+ addend, where its bit is set); 32 bytes each. */
  checkRows(rows: Limbs, factors: Uint8Array, selected?: Selected): Uint8Array;
}
