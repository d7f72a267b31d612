/**
 * The one writer of the store: transactions that wait at the same time share one commit, and nobody hears of any
 * of them before the disk has it (docs/spec/coordinator.md §1).
 *
 * SQLite only appends to the log (`synchronous = NORMAL`). The writer flushes the log after each commit by itself,
 * so that the event loop goes on while the disk works; SQLite flushes it once more before it moves it into the
 * database.
 */
import { StoreError, type Tx } from './database.ts';
import type { SqliteConnection } from './driver.ts';
import type { SameFiles } from './sameFiles.ts';
import { type Statements, statementsOf } from './statement.ts';
import { runInGroup, type Settlement, type Waiting } from './inGroup.ts';

/** How many transactions may share one commit. */
const GROUP = 64;

/** How long the transactions of one commit may keep the event loop, milliseconds, from the eighth on. */
const BUSY_MS = 10;
const LEAST = 8;

type Emptying = Pick<Waiting, 'resolve' | 'reject'>;

/** The transactions of the next commit. */
interface Group {
  readonly waiting: Waiting[];
  readonly steps: Settlement[];
  /** When it has to be committed. */
  until: number;
  /** Milliseconds that its transactions took. */
  busy: number;
}

/** Commits transactions in the order in which they were asked for. */
export class Writer {
  readonly #connection: SqliteConnection;
  readonly #files: SameFiles;
  readonly #flush: () => Promise<void>;
  readonly #statements: Statements;
  readonly #waiting: Waiting[] = [];
  readonly #emptyings: Emptying[] = [];
  #draining: Promise<void> | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #failure: StoreError | undefined;
  #closing = false;
  /** Ends the wait for another transaction. */
  #wake: () => void = () => undefined;

  /** Writes by `connection`; `flush` puts the log onto the disk. */
  constructor(connection: SqliteConnection, files: SameFiles, flush: () => Promise<void>) {
    this.#connection = connection;
    this.#files = files;
    this.#flush = flush;
    this.#statements = statementsOf(connection);
  }

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve: (value) => resolve(value as T), reject });
      this.#goOn();
    });
  }

  /** Moves the log into the database and empties it, between two commits. */
  emptyLog(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#emptyings.push({ resolve: () => resolve(), reject });
      this.#goOn();
    });
  }

  /** Waits until the disk has every commit. @throws StoreError `store/unavailable` when it has not taken one */
  async flushed(): Promise<void> {
    await this.#flushing;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Commits everything that was asked for before. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#wake();
    while (this.#draining !== undefined) await this.#draining;
  }

  #goOn(): void {
    this.#wake();
    this.#draining ??= this.#drain();
  }

  async #drain(): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.length > 0 || this.#emptyings.length > 0) {
      for (const asked of this.#emptyings.splice(0)) this.#emptyNow(asked);
      if (this.#waiting.length > 0) await this.#commitGroup();
    }
    this.#draining = undefined;
  }

  #emptyNow({ resolve, reject }: Emptying): void {
    try {
      if (this.#failure !== undefined) throw this.#failure;
      this.#connection.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      resolve(undefined);
    } catch (error) {
      reject(error);
    }
  }

  /** Runs a group under one commit. A failed work is undone alone; a failed commit fails all. */
  async #commitGroup(): Promise<void> {
    const group: Group = { waiting: [], steps: [], until: Number.POSITIVE_INFINITY, busy: 0 };
    try {
      if (this.#failure !== undefined) throw this.#failure;
      this.#connection.exec('BEGIN IMMEDIATE');
      do await this.#runWaiting(group);
      while (await this.#moreComes(group));
      this.#files.check();
      this.#connection.exec('COMMIT');
      this.#flushing = this.#flushOrStop();
      await this.flushed();
    } catch (error) {
      endQuietly(this.#connection);
      for (const step of group.steps.reverse()) step.undo();
      // Those that would have been next share the failure: the disk is the same.
      const next = this.#waiting.splice(0, GROUP - group.waiting.length);
      for (const { reject } of [...group.waiting, ...next]) reject(error);
      return;
    }
    for (const step of group.steps) step.done();
  }

  /** Runs what waits, as far as the group has room. */
  async #runWaiting(group: Group): Promise<void> {
    while (!isFull(group)) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      group.waiting.push(next);
      const at = performance.now();
      const step = await runInGroup(this.#connection, this.#statements, next);
      const now = performance.now();
      group.steps.push(step);
      group.busy += now - at;
      group.until = Math.min(group.until, now + step.patience);
    }
  }

  /** Waits for another transaction while nobody waits for this group; false when it is time to commit. */
  #moreComes(group: Group): Promise<boolean> | false {
    if (this.#closing || this.#emptyings.length > 0 || isFull(group)) return false;
    const left = group.until - performance.now();
    if (left <= 0) return false;
    // One may have come since the last was run.
    if (this.#waiting.length > 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (more: boolean): void => {
        clearTimeout(timer);
        this.#wake = () => undefined;
        resolve(more);
      };
      const timer = setTimeout(() => end(false), left);
      this.#wake = () => end(true);
    });
  }

  /**
   * Flushes the log. After a failure nobody knows what the disk has, and another flush could succeed without it
   * (the system may have dropped the pages), so nothing is written or read any more.
   */
  async #flushOrStop(): Promise<void> {
    try {
      await this.#flush();
    } catch (error) {
      const cause = new Error('its log could not be flushed to the disk; restart the server', {
        cause: error,
      });
      this.#failure = new StoreError('store/unavailable', cause.message, { cause });
    }
  }
}

const isFull = ({ steps, busy }: Group): boolean =>
  steps.length >= GROUP || (steps.length >= LEAST && busy >= BUSY_MS);

/** Ends a transaction, if there is one, without keeping anything. */
export function endQuietly(connection: SqliteConnection): void {
  try {
    connection.exec('ROLLBACK');
  } catch {
    // Nothing was begun, or SQLite has already rolled back.
  }
}
