/** Reads a journal into its owner's state. docs/spec/journal.md §3. */
import { decodeFrames, decodeHeader, type JournalOwner, tampered } from './frames.ts';

/** The entries of one owner. Their values never change once they are appended. */
export interface JournalKind<Entry> extends JournalOwner {
  encode(entry: Entry): Uint8Array;
  /** Reads an entry of any version up to its own. @throws for anything else; the journal names the place */
  decode(bytes: Uint8Array): Entry;
}

/** The state that entries make. */
export interface JournalState<Entry> {
  /** Takes an entry; the same entries in the same order make the same state. */
  apply(entry: Entry): void;
  /** Entries that make the present state from an empty one, by reference: their values must not change later. */
  snapshot(): Iterable<Entry>;
}

/** A journal that was read. */
export interface ReadJournal {
  readonly id: Uint8Array;
  /** The end of the last whole frame. */
  readonly end: number;
  /** The last whole frame and its place; undefined when there is none. */
  readonly last: { readonly bytes: Uint8Array; readonly offset: number } | undefined;
}

/**
 * Applies the entries of a journal's bytes.
 * @throws HolderError `store/newer-version`, `store/tampered`
 */
export function replay<Entry>(
  path: string,
  bytes: Uint8Array,
  kind: JournalKind<Entry>,
  state: JournalState<Entry>,
): ReadJournal {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const id = decodeHeader(path, content, kind);
  const { frames, end } = decodeFrames(path, content, id);
  for (const { offset, entries } of frames) {
    for (const entry of entries) state.apply(decoded(path, offset, entry, kind));
  }
  const last = frames.at(-1);
  if (last === undefined) return { id, end, last };
  const { offset, length } = last;
  return { id, end, last: { bytes: content.subarray(offset, offset + length), offset } };
}

function decoded<Entry>(
  path: string,
  offset: number,
  bytes: Uint8Array,
  kind: JournalKind<Entry>,
): Entry {
  try {
    return kind.decode(bytes);
  } catch (error) {
    throw tampered(path, offset, 'has an entry that cannot be read', error);
  }
}
