/**
 * The journal of one store. One that the disk has refused is closed for good (docs/spec/journal.md §2.6), and replaced by
 * a new one, written from memory, once the disk takes that.
 */
import {
  type Disk,
  type Journal,
  type JournalNews,
  type Logger,
  openJournal,
  removeIfPresent,
  syncDirectory,
} from '@quorate/holder';
import { renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { STORE_KIND, type StoreEntry, StoreState } from './entries.ts';

/** How often a refused journal is written anew at most, milliseconds. */
const AGAIN_MS = 2000;

/** A journal to open. */
export interface StoreJournalOrder {
  readonly path: string;
  /** The entries of a new journal: what a store before version 4 had in files. */
  readonly first: () => Iterable<StoreEntry>;
  readonly logger: Logger;
  readonly disk?: Disk | undefined;
}

/** The present state of whoever appends. */
type Present = () => Iterable<StoreEntry>;

/** An open journal, and what it said when it was opened. */
export class StoreJournal {
  /** As it was read; later changes are with whoever made them. */
  readonly state: StoreState = new StoreState();
  readonly #order: StoreJournalOrder;
  #journal: Journal<StoreEntry>;
  #sessions: Present;
  #releases: Present;
  #triedAt = Number.NEGATIVE_INFINITY;

  /** @throws HolderError `store/newer-version`, `store/tampered`, `store/failed` */
  constructor(order: StoreJournalOrder) {
    this.#order = order;
    const { sessions, releases } = this.state;
    this.#sessions = () => [...sessions.values()].map((record) => ({ entry: 'session', record }));
    this.#releases = () => releases.values();
    removeIfPresent(this.#again);
    this.#journal = this.#open(this.state);
  }

  /** Sets from what a new journal takes its sessions. */
  keepSessions(present: Present): void {
    this.#sessions = present;
  }

  /** Sets from what a new journal takes the counts of releases. */
  keepReleases(present: Present): void {
    this.#releases = present;
  }

  /** Resolves once the entry is on disk. @throws HolderError `store/failed`, at once or later */
  append(entry: StoreEntry): Promise<void> {
    return this.#ready().append(entry);
  }

  /** On disk when the call returns. @throws HolderError `store/failed` */
  appendSync(...entries: readonly StoreEntry[]): void {
    this.#ready().appendSync(...entries);
  }

  /** On disk some time later. @throws HolderError `store/failed` */
  note(entry: StoreEntry): void {
    this.#ready().note(entry);
  }

  close(): void {
    this.#journal.close();
  }

  get #again(): string {
    return `${this.#order.path}.again`;
  }

  #open(state: StoreState): Journal<StoreEntry> {
    const { path, first, disk, logger } = this.#order;
    const told = (news: JournalNews): void => tell(logger, news);
    return openJournal({ path, kind: STORE_KIND, state, first, disk, tell: told });
  }

  #ready(): Journal<StoreEntry> {
    const { failure } = this.#journal;
    if (failure === undefined) return this.#journal;
    if (performance.now() - this.#triedAt < AGAIN_MS) throw failure;
    this.#triedAt = performance.now();
    this.#replace();
    return this.#journal;
  }

  /** Nothing is believed of the old file: the new one has all of it, and is on disk before it takes the name. */
  #replace(): void {
    const { path, disk, logger } = this.#order;
    const state = new StoreState();
    removeIfPresent(this.#again);
    const first = (): StoreEntry[] => [...this.#sessions(), ...this.#releases()];
    const again = openJournal({ path: this.#again, kind: STORE_KIND, state, first, disk });
    again.close();
    this.#journal.close();
    renameSync(this.#again, path);
    syncDirectory(dirname(path));
    this.#journal = this.#open(new StoreState());
    logger.info({ path }, 'the store takes changes again');
  }
}

function tell(logger: Logger, news: JournalNews): void {
  switch (news.news) {
    case 'cut':
      return logger.warn(
        news,
        'the last write to the store was cut off by a crash, and is removed',
      );
    case 'compacted':
      return logger.debug(news, 'the journal of the store is compacted');
    case 'compaction postponed':
      return logger.warn(news, 'the journal of the store cannot be compacted now');
    case 'failed':
      return logger.error(news, 'the store takes no changes now');
    default:
      return news satisfies never;
  }
}
