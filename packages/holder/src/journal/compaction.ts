/** Writes the living state of a journal into a new file beside it. docs/spec/journal.md §4. */
import type { Disk } from './disk.ts';
import { joinEntries } from './frames.ts';
import { JournalFile } from './journalFile.ts';
import type { JournalKind, JournalState } from './readJournal.ts';

/** Encoded in one go, bytes: well under a millisecond. */
const PIECE = 128 * 1024;
/** Rounds of catching up with entries that come meanwhile; the rest is written with the switch. */
const ROUNDS = 3;

/** The file that a journal is written to before it takes the journal's name. */
export function nextPath(path: string): string {
  return `${path}.new`;
}

/** The bytes that the living state takes. */
export function livingSize<Entry>(kind: JournalKind<Entry>, state: JournalState<Entry>): number {
  let size = 0;
  for (const entry of state.snapshot()) size += kind.encode(entry).length;
  return size;
}

/** A new file that takes the state as it was at the beginning, and every group since. */
export class Compaction<Entry> {
  readonly file: JournalFile;
  readonly #kind: JournalKind<Entry>;
  readonly #entries: readonly Entry[];
  #since: Uint8Array[] = [];

  constructor(disk: Disk, path: string, kind: JournalKind<Entry>, state: JournalState<Entry>) {
    this.file = JournalFile.create(disk, nextPath(path), kind);
    this.#kind = kind;
    this.#entries = [...state.snapshot()];
  }

  /** Takes a group that the state has got since. */
  take(group: Uint8Array): void {
    this.#since.push(group);
  }

  /** Writes everything but what comes at the very end. */
  async write(isOver: () => boolean): Promise<void> {
    let bytes = 0;
    for (const entry of this.#entries) {
      const group = joinEntries([this.#kind.encode(entry)]);
      this.file.add(group);
      bytes += group.length;
      if (bytes < PIECE) continue;
      bytes = 0;
      await this.#flush(isOver);
      if (isOver()) return;
    }
    for (let round = 0; round < ROUNDS && !isOver(); round += 1) {
      this.#catchUp();
      await this.#flush(isOver);
    }
  }

  /** Writes the rest; everything is durable when the call returns. */
  finishSync(): void {
    this.#catchUp();
    this.file.flushSync();
  }

  #catchUp(): void {
    for (const group of this.#since) this.file.add(group);
    this.#since = [];
  }

  async #flush(isOver: () => boolean): Promise<void> {
    while (!this.file.isDurable && !isOver()) await this.file.flush();
  }
}
