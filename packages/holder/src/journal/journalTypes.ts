/** A journal as its owner sees it. docs/spec/journal.md. */
import type { HolderError } from '../errors.ts';
import type { Disk } from './disk.ts';
import type { JournalKind, JournalState } from './readJournal.ts';

/** Something that people should know: for the log. */
export type JournalNews =
  /** The end of the file was what a crash left of a frame, and was cut. */
  | { readonly news: 'cut'; readonly offset: number; readonly bytes: number }
  | { readonly news: 'compacted'; readonly before: number; readonly after: number }
  | { readonly news: 'compaction postponed'; readonly error: string }
  /** Nothing more is taken until a restart. */
  | { readonly news: 'failed'; readonly error: string };

/** A journal to open. */
export interface JournalOrder<Entry> {
  readonly path: string;
  readonly kind: JournalKind<Entry>;
  /** Empty; the journal fills it, and is the only one to change it. */
  readonly state: JournalState<Entry>;
  /** The first entries of a new journal. */
  readonly first: () => Iterable<Entry>;
  readonly tell?: ((news: JournalNews) => void) | undefined;
  readonly disk?: Disk | undefined;
  /** The size below which a journal is not compacted, bytes; 1 MiB by default. */
  readonly smallest?: number | undefined;
}

/** An open journal. All entries of one call count together, or not at all. */
export interface Journal<Entry> {
  /** Changes the state now; resolves once the entries are on disk. @throws HolderError `store/failed` */
  append(...entries: readonly Entry[]): Promise<void>;
  /** The same on the main thread: on disk when the call returns. @throws HolderError `store/failed` */
  appendSync(...entries: readonly Entry[]): void;
  /** Makes everything durable on the main thread, if anything is not. @throws HolderError `store/failed` */
  flushSync(): void;
  /**
   * Changes the state now; on disk with the next flush, at the latest a second later. Returns the way to wait for that,
   * which asks for a flush only if there was none. @throws HolderError `store/failed`
   */
  note(...entries: readonly Entry[]): () => Promise<void>;
  /** The reason why nothing more is taken. */
  readonly failure: HolderError | undefined;
  /** Makes everything durable, as far as the disk takes it, and closes the file. */
  close(): void;
}

/** A promise of durability for everything up to a group. */
export interface Waiter {
  readonly upTo: number;
  resolve(): void;
  reject(error: HolderError): void;
}
