/** A parser of foreign bytes as the suite sees it: its input, and its refusals. */

/** An error class that a parser documents. */
type Refusal = abstract new (...given: never[]) => Error;

interface Common {
  readonly name: string;
  /** Files under packages/, or `file#function`, that this entry exercises; see complete.test.ts. */
  readonly covers: readonly string[];
  /** Its error when it refuses. */
  readonly throws: readonly Refusal[];
  /** Names of inputs that it may take although others must not. {@link OWN} for all of them. */
  readonly mayTake?: RegExp;
}

/** Reads a text, most of them JSON or YAML. */
export interface TextParser extends Common {
  readonly kind: 'text';
  /** A text that it takes. JSON where possible, so that every field of it is altered. */
  readonly valid: string;
  /** True for what it takes; a parser may refuse by its result in place of an error. */
  readonly parse: (text: string) => unknown;
}

/** Reads bytes. */
export interface BytesParser extends Common {
  readonly kind: 'bytes';
  /** Bytes that it takes; none where they cannot be made here. */
  readonly valid: Uint8Array | null;
  readonly parse: (bytes: Uint8Array) => unknown;
}

/** Reads what a reader of JSON gave. */
interface ValueParser extends Common {
  readonly kind: 'value';
  readonly valid: unknown;
  readonly parse: (value: unknown) => unknown;
}

/** An entry of the table. */
export type Parser = TextParser | BytesParser | ValueParser;

/** Of a file that this program itself wrote: what it takes is not looked at, only how it fails. */
export const OWN: RegExp = /./;
/** Of a text whose beginning is good as well. */
export const BEGINNINGS: RegExp = /^(cut off|twice)/;

/** Of a text whose end is its check. */
export const NONE: RegExp = /(?!)/;

/** A result by which a parser says that it refused. */
export const REFUSED: unique symbol = Symbol('refused');

/** Whether a parser took something. @throws whatever it threw, when that is not what it documents */
export async function takes(
  { throws }: Pick<Parser, 'throws'>,
  parse: () => unknown,
): Promise<boolean> {
  try {
    return (await parse()) !== REFUSED;
  } catch (error) {
    if (throws.some((refusal) => error instanceof refusal)) return false;
    throw error;
  }
}
