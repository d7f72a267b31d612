/**
 * The embedded store: SQLite through `node:sqlite`, or through `@photostructure/sqlite`, which has the same
 * interface, where Node has none.
 */
import { chmod, type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDirectories } from '@quorate/intent/directory';
import { type Database, StoreError, type Tx } from './database.ts';
import { isBusy, loadDriver, type Open, type SqliteConnection } from './driver.ts';
import { type Migration, migrate, migrations } from './migrations.ts';
import { rewriteFile } from './rewrite.ts';
import { SameFiles } from './sameFiles.ts';
import { Serial } from './serial.ts';
import { type Statements, statementsOf } from './statement.ts';
import { endQuietly, Writer } from './writer.ts';

/** Puts everything that was written to a file onto the disk. */
export type Flush = (file: Pick<FileHandle, 'datasync'>) => Promise<void>;

/**
 * Pages in the log before it is moved into the database, which takes the event loop about 10 ms: mostly the same few
 * hundred pages, written again and again.
 */
const CHECKPOINT_PAGES = 4000;

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
  flush: Flush = (log) => log.datasync(),
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
    const connection = keep(connect(file, { readOnly: false }));
    connection.exec('PRAGMA journal_mode = WAL');
    connection.exec('PRAGMA synchronous = FULL');
    connection.exec('PRAGMA foreign_keys = ON');
    connection.exec('PRAGMA busy_timeout = 5000');
    // Deleted and overwritten data becomes zeros in the file, not a free page.
    connection.exec('PRAGMA secure_delete = ON');
    await migrate(
      {
        tx: { ...statementsOf(connection), ...NO_HOOKS },
        exec: (sql) => connection.exec(sql),
        rewrite: () => rewriteFile(connection, file),
        onPostponed,
      },
      schema,
    );
    // A crash may have left overwritten data in the log.
    connection.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const reader = keep(connect(file, { readOnly: true }));
    reader.exec('PRAGMA busy_timeout = 5000');
    // From here on the writer flushes each commit itself, outside of this thread.
    connection.exec('PRAGMA synchronous = NORMAL');
    connection.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    const log = await open(`${file}-wal`, 'r+');
    const files = new SameFiles([file, `${file}-wal`]);
    const writer = new Writer(connection, files, () => flush(log));
    return new SqliteDatabase({ connection, reader, lock, log, writer });
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

/** The parts of an opened database. */
interface Opened {
  readonly connection: SqliteConnection;
  readonly reader: SqliteConnection;
  readonly lock: SqliteConnection;
  readonly log: FileHandle;
  readonly writer: Writer;
}

class SqliteDatabase implements Database {
  readonly #parts: Opened;
  readonly #reads: Statements;
  readonly #readQueue = new Serial();
  #closed = false;

  constructor(parts: Opened) {
    this.#parts = parts;
    this.#reads = statementsOf(parts.reader);
  }

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closedError());
    return this.#parts.writer.transaction(work);
  }

  read<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const { reader, writer } = this.#parts;
    return this.#readQueue.run(async () => {
      if (this.#closed) throw closedError();
      reader.exec('BEGIN');
      try {
        const value = await work({ ...this.#reads, ...NO_HOOKS });
        // The reader sees a commit before the disk has it: nobody may hear of it earlier.
        await writer.flushed();
        return value;
      } finally {
        // Even after an error that ended the transaction by itself: the caller must get that error.
        endQuietly(reader);
      }
    });
  }

  /** Runs between two commits and while nobody reads, because a reader would keep the log from being emptied. */
  scrub(): Promise<void> {
    return this.#readQueue.run(async () => {
      if (this.#closed) throw closedError();
      await this.#parts.writer.emptyLog();
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { connection, reader, lock, log, writer } = this.#parts;
    await writer.close();
    await this.#readQueue.run(async () => reader.close());
    try {
      connection.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // On a full disk the log stays as it is: nothing is lost, and the next opening empties it.
    }
    connection.close();
    await log.close();
    lock.close();
  }
}

const noHook = (): never => {
  throw new StoreError('store/bad-statement', 'a read commits nothing');
};

const NO_HOOKS = { runUnerased: noHook, onCommit: noHook, onRollback: noHook, mayWait: noHook };

function closedError(): StoreError {
  return new StoreError('store/closed', 'the database is closed');
}
