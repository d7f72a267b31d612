/**
 * Sizes that all parts of the kernel share. AssemblyScript; docs/spec/ot.md, "The kernel".
 *
 * Working memory comes from the caller, who wipes it: the columns of a product, then vectors of limbs and words.
 */

/** Limbs of a number, 26 bits each. */
export const LIMBS: i32 = 10;
/** Bytes of a vector of four lanes. */
export const VECTOR: i32 = 16;
/** Bytes of a group of four numbers. */
export const GROUP: i32 = LIMBS * VECTOR;
/** Bytes of one column of a group: four 64-bit lanes in two vectors. */
export const COLUMN: i32 = 2 * VECTOR;
/** Columns of a sum of products, with room for carries. */
export const COLUMNS: i32 = 22;

/** Working memory: columns, high limbs, limbs, words. */
export const HIGH: i32 = COLUMNS * COLUMN;
export const NORMAL: i32 = HIGH + 16 * VECTOR;
export const WORDS: i32 = NORMAL + 16 * VECTOR;
