/**
 * The append-only file of a holder's state: group commit off the main thread, and compaction.
 * docs/spec/journal.md.
 */
import { HolderError, isStoreError, messageOf } from '../errors.ts';
import { readIfPresent } from '../files/files.ts';
import { Compaction, livingSize, nextPath } from './compaction.ts';
import { type Disk, machineDisk } from './disk.ts';
import { joinEntries, MAX_PAYLOAD } from './frames.ts';
import { JournalFile } from './journalFile.ts';
import type { Journal, JournalOrder, Waiter } from './journalTypes.ts';
import { type JournalKind, type JournalState, replay } from './readJournal.ts';

/** The longest time that an entry which nobody waits for is not on disk, milliseconds. */
const NOTED_MS = 1000;
/** A journal is not compacted below this size, bytes. */
const SMALLEST = 1024 * 1024;

/**
 * Opens a journal, or makes it with its first entries. The caller holds the lock of the folder.
 * @throws HolderError `store/newer-version`, `store/tampered`, `store/failed`
 */
export function openJournal<Entry>(order: JournalOrder<Entry>): Journal<Entry> {
  const { path, disk = machineDisk } = order;
  try {
    const bytes = disk.read(path);
    const file = bytes === undefined ? createFile(order, disk) : openFile(order, disk, bytes);
    return new OpenJournal({ ...order, disk }, file);
  } catch (error) {
    throw isStoreError(error) ? error : failed(path, error);
  }
}

/**
 * Applies a journal to a state without opening it, also while its owner writes; false when there is none.
 * @throws HolderError `store/newer-version`, `store/tampered`
 */
export function readJournal<Entry>(
  path: string,
  kind: JournalKind<Entry>,
  state: JournalState<Entry>,
): boolean {
  const bytes = readIfPresent(path);
  if (bytes === undefined) return false;
  replay(path, bytes, kind, state);
  return true;
}

function createFile<Entry>(
  { path, kind, state, first }: JournalOrder<Entry>,
  disk: Disk,
): JournalFile {
  disk.remove(nextPath(path));
  const file = JournalFile.create(disk, nextPath(path), kind);
  try {
    for (const entry of first()) {
      file.add(joinEntries([kind.encode(entry)]));
      state.apply(entry);
    }
    file.flushSync();
    disk.rename(nextPath(path), path);
    disk.syncFolderOf(path);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

function openFile<Entry>(
  { path, kind, state, tell }: JournalOrder<Entry>,
  disk: Disk,
  bytes: Uint8Array,
): JournalFile {
  const { id, end, last } = replay(path, bytes, kind, state);
  disk.remove(nextPath(path));
  const file = disk.open(path, 'existing');
  try {
    if (end < bytes.length) file.truncateSync(end);
    // The last flush of the process before may have failed: the system shows a frame that the disk does not have.
    if (last !== undefined) file.writeSync(last.bytes, last.offset);
    file.flushSync();
    // It may have ended between a rename and the folder's flush, too.
    disk.syncFolderOf(path);
  } catch (error) {
    file.close();
    throw error;
  }
  if (end < bytes.length) tell?.({ news: 'cut', offset: end, bytes: bytes.length - end });
  return new JournalFile({ file, id, end, isNew: false });
}

class OpenJournal<Entry> implements Journal<Entry> {
  readonly #order: JournalOrder<Entry> & { readonly disk: Disk };
  #file: JournalFile;
  #failure: HolderError | undefined;
  #isClosed = false;
  #isFlushing = false;
  #waiters: Waiter[] = [];
  #timer: NodeJS.Timeout | undefined;
  #compaction: Compaction<Entry> | undefined;
  /** Groups since the opening, and how many of them the present file did not get as such. */
  #added = 0;
  #before: number;
  /** The size beyond which the journal is compacted. */
  #most: number;

  constructor(order: JournalOrder<Entry> & { readonly disk: Disk }, file: JournalFile) {
    this.#order = order;
    this.#file = file;
    this.#before = -file.durable;
    const isSmall = file.size <= this.#smallest;
    this.#most = this.#mostFor(isSmall ? 0 : livingSize(order.kind, order.state));
  }

  get failure(): HolderError | undefined {
    return this.#failure;
  }

  async append(...entries: readonly Entry[]): Promise<void> {
    this.#add(entries);
    await this.#durable(this.#added);
  }

  appendSync(...entries: readonly Entry[]): void {
    this.#add(entries);
    this.flushSync();
  }

  flushSync(): void {
    this.#checkOpen();
    this.#flushNow();
    if (this.#failure !== undefined) throw this.#failure;
    void this.#compactIfLarge();
  }

  note(...entries: readonly Entry[]): () => Promise<void> {
    this.#add(entries);
    const upTo = this.#added;
    this.#timer ??= setTimeout(() => void this.#run(), NOTED_MS).unref();
    return () => this.#durable(upTo);
  }

  close(): void {
    if (this.#isClosed) return;
    if (this.#failure === undefined) this.#flushNow();
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#file.close();
  }

  get #smallest(): number {
    return this.#order.smallest ?? SMALLEST;
  }

  get #isOver(): boolean {
    return this.#isClosed || this.#failure !== undefined;
  }

  #mostFor(living: number): number {
    return Math.max(this.#smallest, 2 * living);
  }

  #checkOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isClosed) throw new HolderError('store/failed', `${this.#order.path} is closed`);
  }

  /** Changes the state, and keeps the bytes for the next flush. */
  #add(entries: readonly Entry[]): void {
    const { kind, state } = this.#order;
    this.#checkOpen();
    const group = joinEntries(entries.map((entry) => kind.encode(entry)));
    if (group.length > MAX_PAYLOAD) throw new TypeError('unreachable: an entry of over 16 MiB');
    for (const entry of entries) state.apply(entry);
    this.#file.add(group);
    this.#compaction?.take(group);
    this.#added += 1;
  }

  /** Resolves once everything up to a group is on disk. */
  #durable(upTo: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#before + this.#file.durable >= upTo) return resolve();
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#waiters.push({ upTo, resolve, reject });
      void this.#run();
    });
  }

  /** Flushes until nothing waits; one at a time. */
  async #run(): Promise<void> {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      // Everything that this turn still appends shares the flush.
      await Promise.resolve();
      while (!this.#isOver && !this.#file.isDurable) {
        await this.#file.flush();
        this.#settle();
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isFlushing = false;
    }
    await this.#compactIfLarge();
  }

  #flushNow(): void {
    try {
      this.#file.flushSync();
      this.#settle();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Keeps the promises for everything that is durable. */
  #settle(): void {
    if (this.#file.isDurable) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    const durable = this.#before + this.#file.durable;
    const isKept = ({ upTo }: Waiter): boolean => upTo <= durable;
    const kept = this.#waiters.filter(isKept);
    this.#waiters = this.#waiters.filter((waiter) => !isKept(waiter));
    for (const waiter of kept) waiter.resolve();
  }

  /** After a write that failed nothing is known of what the disk has, whatever a later one says. */
  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    const { path, tell } = this.#order;
    this.#failure = failed(path, error);
    clearTimeout(this.#timer);
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#failure);
    tell?.({ news: 'failed', error: messageOf(error) });
  }

  async #compactIfLarge(): Promise<void> {
    if (this.#file.size <= this.#most || this.#compaction !== undefined || this.#isOver) return;
    const { disk, path, kind, state, tell } = this.#order;
    let compaction: Compaction<Entry> | undefined;
    try {
      compaction = new Compaction(disk, path, kind, state);
      this.#compaction = compaction;
      await compaction.write(() => this.#isOver);
      // The next opening removes the file: another process may have its own there by now.
      if (this.#isOver) return compaction.file.close();
      compaction.finishSync();
    } catch (error) {
      compaction?.file.close();
      this.#compaction = undefined;
      if (this.#isOver) return;
      this.#most = this.#file.size * 1.5;
      this.#removeNext();
      return tell?.({ news: 'compaction postponed', error: messageOf(error) });
    }
    this.#switchTo(compaction.file);
  }

  /** In one step: nothing is appended between the last write to the new file and its name. */
  #switchTo(next: JournalFile): void {
    const { disk, path, tell } = this.#order;
    const former = this.#file;
    try {
      disk.rename(nextPath(path), path);
      disk.syncFolderOf(path);
    } catch (error) {
      next.close();
      return this.#fail(error);
    }
    this.#file = next;
    this.#compaction = undefined;
    this.#before = this.#added - next.durable;
    this.#most = this.#mostFor(next.size);
    this.#settle();
    former.close();
    tell?.({ news: 'compacted', before: former.size, after: next.size });
  }

  #removeNext(): void {
    const { disk, path } = this.#order;
    try {
      disk.remove(nextPath(path));
    } catch (error) {
      this.#fail(error);
    }
  }
}

function failed(path: string, error: unknown): HolderError {
  const message = `${path} cannot be written: ${messageOf(error)}`;
  return new HolderError('store/failed', message, error);
}
