/** The kernel's exports, and the part of WebAssembly that starts it: the language's own library declares neither. */

/** The functions of packages/tss/kernel. Arguments are addresses, numbers of things, and strides in bytes. */
export interface Kernel {
  tweak(inner: number, positions: number, count: number, fanout: number, out: number): void;
  addInner(inner: number, count: number, fanout: number, out: number): void;
  foldLeaves(
    streams: number,
    trees: number,
    depth: number,
    rowBytes: number,
    sums: number,
    rows: number,
  ): void;
  transpose(work: number, matrix: number, rows: number, columns: number, out: number): void;
  combine(
    columns: number,
    coefficients: number,
    terms: number,
    sums: number,
    product: number,
  ): void;
  loadWide(work: number, vector: number, groups: number, bytes: number, stride: number): void;
  selectedSum(work: number, vector: number, groups: number, bits: number, out: number): void;
  dot(work: number, a: number, b: number, groups: number, out: number): void;
  maskedDifferences(
    work: number,
    vector: number,
    other: number,
    input: number,
    groups: number,
    out: number,
    stride: number,
  ): void;
  addSelected(
    work: number,
    vector: number,
    groups: number,
    bits: number,
    bytes: number,
    stride: number,
  ): void;
  checkRows(
    work: number,
    vectors: number,
    groups: number,
    factors: number,
    bits: number,
    addend: number,
    out: number,
  ): void;
}

/** The functions and the memory. */
export interface Exports extends Kernel {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** The end of the constants. */
  base(): number;
  /** Bytes of working memory. */
  workBytes(): number;
}

interface Api {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Exports };
}
declare const WebAssembly: Api | undefined;

/** WebAssembly, where the engine has it. */
export const webAssembly = (): Api | undefined =>
  typeof WebAssembly === 'undefined' ? undefined : WebAssembly;
