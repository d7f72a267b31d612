/**
 * Loads SQLite from Node or from the package beside it, and words its errors as the store's own: a full disk
 * passes, a mistake in a statement does not, so callers must be able to tell them apart.
 */
import { StoreError, type SqlValue } from './database.ts';

/** A prepared statement. */
export interface Statement {
  run(...params: SqlValue[]): { changes: number | bigint };
  get(...params: SqlValue[]): unknown;
  all(...params: SqlValue[]): unknown[];
}

/** An open connection. */
export interface SqliteConnection {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

/** Opens a file. */
export type Open = (file: string, options: { readonly readOnly: boolean }) => SqliteConnection;

const SPECIFIERS = ['node:sqlite', '@photostructure/sqlite'];

const BUSY = 5;

/** Primary result codes that do not concern the statement, with SQLite's words for them. */
const UNAVAILABLE: ReadonlyMap<number, string> = new Map([
  [BUSY, 'database is locked'],
  [6, 'database table is locked'],
  [7, 'out of memory'],
  [8, 'attempt to write a readonly database'],
  [10, 'disk I/O error'],
  [11, 'database disk image is malformed'],
  [13, 'database or disk is full'],
  [14, 'unable to open database file'],
  [15, 'locking protocol'],
  [26, 'file is not a database'],
]);

/** Loads SQLite. @throws StoreError `store/unavailable` if there is none */
export async function loadDriver(): Promise<Open> {
  const failures: unknown[] = [];
  for (const specifier of SPECIFIERS) {
    try {
      const { DatabaseSync } = await import(specifier);
      return (file, options) =>
        guarded(
          file,
          attempt(file, () => new DatabaseSync(file, options)),
        );
    } catch (error) {
      failures.push(error);
    }
  }
  throw new StoreError(
    'store/unavailable',
    'no SQLite: use Node 22.13 or newer, or install @photostructure/sqlite',
    { cause: new AggregateError(failures) },
  );
}

function guarded(file: string, connection: SqliteConnection): SqliteConnection {
  return {
    exec: (sql) => attempt(file, () => connection.exec(sql)),
    prepare: (sql) => {
      const statement = attempt(file, () => connection.prepare(sql));
      return {
        run: (...params) => attempt(file, () => statement.run(...params)),
        get: (...params) => attempt(file, () => statement.get(...params)),
        all: (...params) => attempt(file, () => statement.all(...params)),
      };
    },
    close: () => connection.close(),
  };
}

function attempt<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    throw new StoreError('store/unavailable', `${file}: ${error.message}`, { cause: error });
  }
}

/** Whether another process holds a lock on the file. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && primaryCode(error.cause) === BUSY;
}

function isUnavailable(error: unknown): error is Error {
  const code = primaryCode(error);
  return code !== undefined && UNAVAILABLE.has(code);
}

/** SQLite's primary result code; if the package omits it, recognised by the message. */
function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode & 0xff;
  if (!('code' in error) || error.code !== 'ERR_SQLITE_ERROR') return undefined;
  return [...UNAVAILABLE].find(([, words]) => words === error.message)?.[0];
}
