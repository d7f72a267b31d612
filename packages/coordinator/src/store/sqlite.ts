/**
 * The embedded store: SQLite through `node:sqlite`, or through `@photostructure/sqlite`, which has the same
 * interface, where Node has none.
 */
import { chmod, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDirectories } from '@quorate/intent/directory';
import { type Database, StoreError, type Tx } from './database.ts';
import { isBusy, loadDriver, type Open, type SqliteConnection } from './driver.ts';
import { type Migration, migrate, migrations } from './migrations.ts';
import { rewriteFile } from './rewrite.ts';
import { SameFiles } from './sameFiles.ts';
import { Serial } from './serial.ts';
import { type Statements, statementsOf } from './statement.ts';

/** How many transactions may share one commit. */
const GROUP = 64;

/**
 * Opens the database in `file`, or creates it; 0600 in a 0700 directory. `onPostponed` is told when the file
 * should have been rewritten and could not be; the next start tries again.
 *
 * @throws StoreError `store/newer-version`, `store/in-use`, `store/unavailable`
 */
export async function openDatabase(
  file: string,
  schema: readonly Migration[] = migrations,
  onPostponed: (error: unknown) => void = () => undefined,
): Promise<Database> {
  const connect = await loadDriver();
  await prepareFiles(file);
  const opened: SqliteConnection[] = [];
  const keep = (connection: SqliteConnection): SqliteConnection => {
    opened.push(connection);
    return connection;
  };
  try {
    const lock = keep(acquireLock(connect, `${file}.lock`));
    const writer = keep(connect(file, { readOnly: false }));
    writer.exec('PRAGMA journal_mode = WAL');
    writer.exec('PRAGMA synchronous = FULL');
    writer.exec('PRAGMA foreign_keys = ON');
    writer.exec('PRAGMA busy_timeout = 5000');
    // Deleted and overwritten data becomes zeros in the file, not a free page.
    writer.exec('PRAGMA secure_delete = ON');
    await migrate(
      {
        tx: { ...statementsOf(writer), onCommit: noHook, onRollback: noHook },
        exec: (sql) => writer.exec(sql),
        rewrite: () => rewriteFile(writer, file),
        onPostponed,
      },
      schema,
    );
    // A crash may have left overwritten data in the log.
    writer.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const reader = keep(connect(file, { readOnly: true }));
    reader.exec('PRAGMA busy_timeout = 5000');
    const files = new SameFiles([file, `${file}-wal`]);
    return new SqliteDatabase({ writer, reader, lock, files });
  } catch (error) {
    for (const connection of opened.reverse()) connection.close();
    throw error;
  }
}

async function prepareFiles(file: string): Promise<void> {
  const directory = dirname(file);
  makeDirectories(directory);
  await chmod(directory, 0o700);
  for (const name of [file, `${file}.lock`]) {
    await (await open(name, 'a', 0o600)).close();
    await chmod(name, 0o600);
  }
}

/**
 * Takes an operating-system lock on a file beside the database: one process at a time, released when it ends.
 */
function acquireLock(connect: Open, file: string): SqliteConnection {
  const lock = connect(file, { readOnly: false });
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    throw new StoreError('store/in-use', `another process uses ${file}`, { cause: error });
  }
}

interface Waiting {
  readonly work: (tx: Tx) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The end of one work of a group, once the group's commit has succeeded or failed. */
interface Step {
  readonly done: () => void;
  readonly undo: () => void;
}

/** The parts of an opened database. */
interface Opened {
  readonly writer: SqliteConnection;
  readonly reader: SqliteConnection;
  readonly lock: SqliteConnection;
  readonly files: SameFiles;
}

class SqliteDatabase implements Database {
  readonly #writer: SqliteConnection;
  readonly #reader: SqliteConnection;
  readonly #lock: SqliteConnection;
  readonly #files: SameFiles;
  readonly #writes: Statements;
  readonly #reads: Statements;
  readonly #readQueue = new Serial();
  readonly #waiting: Waiting[] = [];
  readonly #scrubs: Pick<Waiting, 'resolve' | 'reject'>[] = [];
  #draining: Promise<void> | undefined;
  #closed = false;

  constructor({ writer, reader, lock, files }: Opened) {
    this.#writer = writer;
    this.#reader = reader;
    this.#lock = lock;
    this.#files = files;
    this.#writes = statementsOf(writer);
    this.#reads = statementsOf(reader);
  }

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closedError());
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve: (value) => resolve(value as T), reject });
      this.#draining ??= this.#drain();
    });
  }

  read<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#readQueue.run(async () => {
      if (this.#closed) throw closedError();
      this.#reader.exec('BEGIN');
      try {
        return await work({ ...this.#reads, onCommit: noHook, onRollback: noHook });
      } finally {
        // Even after an error that ended the transaction by itself: the caller must get that error.
        endQuietly(this.#reader);
      }
    });
  }

  /** Runs between two commits and while nobody reads, because a reader would keep the log from being emptied. */
  scrub(): Promise<void> {
    return this.#readQueue.run(
      () =>
        new Promise<void>((resolve, reject) => {
          if (this.#closed) return reject(closedError());
          this.#scrubs.push({ resolve: () => resolve(), reject });
          this.#draining ??= this.#drain();
        }),
    );
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    while (this.#draining !== undefined) await this.#draining;
    await this.#readQueue.run(async () => this.#reader.close());
    try {
      this.#writer.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // On a full disk the log stays as it is: nothing is lost, and the next opening empties it.
    }
    this.#writer.close();
    this.#lock.close();
  }

  async #drain(): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.length > 0 || this.#scrubs.length > 0) {
      for (const asked of this.#scrubs.splice(0)) this.#emptyLog(asked);
      if (this.#waiting.length > 0) await this.#commitGroup(this.#waiting.splice(0, GROUP));
    }
    this.#draining = undefined;
  }

  #emptyLog({ resolve, reject }: Pick<Waiting, 'resolve' | 'reject'>): void {
    try {
      this.#writer.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      resolve(undefined);
    } catch (error) {
      reject(error);
    }
  }

  /** Runs a group under one commit. A failed work is undone alone; a failed commit fails all. */
  async #commitGroup(group: readonly Waiting[]): Promise<void> {
    const steps: Step[] = [];
    try {
      this.#writer.exec('BEGIN IMMEDIATE');
      for (const waiting of group) steps.push(await this.#step(waiting));
      this.#files.check();
      this.#writer.exec('COMMIT');
    } catch (error) {
      endQuietly(this.#writer);
      for (const step of steps.reverse()) step.undo();
      for (const waiting of group) waiting.reject(error);
      return;
    }
    for (const step of steps) step.done();
  }

  async #step({ work, resolve, reject }: Waiting): Promise<Step> {
    const committed: (() => void)[] = [];
    const rolledBack: (() => void)[] = [];
    const undo = (): void => {
      for (const callback of rolledBack.splice(0).reverse()) callback();
    };
    const tx: Tx = {
      ...this.#writes,
      onCommit: (callback) => committed.push(callback),
      onRollback: (callback) => rolledBack.push(callback),
    };
    this.#writer.exec('SAVEPOINT step');
    try {
      const value = await work(tx);
      this.#writer.exec('RELEASE step');
      const done = (): void => {
        try {
          for (const callback of committed) callback();
          resolve(value);
        } catch (error) {
          reject(error);
        }
      };
      return { done, undo };
    } catch (error) {
      try {
        this.#undoStep(error);
      } finally {
        undo();
      }
      return { done: () => reject(error), undo: () => undefined };
    }
  }

  /** @throws the cause if SQLite has rolled back the whole group by itself, as it does on a full disk */
  #undoStep(cause: unknown): void {
    try {
      this.#writer.exec('ROLLBACK TO step');
      this.#writer.exec('RELEASE step');
    } catch {
      throw cause;
    }
  }
}

function endQuietly(connection: SqliteConnection): void {
  try {
    connection.exec('ROLLBACK');
  } catch {
    // Nothing was begun, or SQLite has already rolled back.
  }
}

function noHook(): never {
  throw new StoreError('store/bad-statement', 'a read commits nothing');
}

function closedError(): StoreError {
  return new StoreError('store/closed', 'the database is closed');
}
