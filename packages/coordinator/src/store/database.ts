/**
 * The store as the rest of the coordinator sees it: asynchronous, transactional, one SQL dialect.
 *
 * Statements use `?` for every parameter and only SQL that SQLite and PostgreSQL both take.
 * Several transactions that wait at the same time share one commit; each still succeeds or fails alone.
 */

/** What a parameter or a column may be. Booleans are stored as 0 and 1, times as milliseconds. */
export type SqlValue = string | number | null | Uint8Array;

/** One row, by column name. */
export type Row = Readonly<Record<string, SqlValue>>;

/** A running transaction. Not to be used after the function that received it has returned. */
export interface Tx {
  run(sql: string, params?: readonly SqlValue[]): Promise<{ readonly changes: number }>;
  get<T = Row>(sql: string, params?: readonly SqlValue[]): Promise<T | undefined>;
  all<T = Row>(sql: string, params?: readonly SqlValue[]): Promise<T[]>;
  /**
   * Calls back once everything is durable, in the order of the calls and of the transactions, and before
   * a later transaction begins. Not called when the transaction fails.
   */
  onCommit(callback: () => void): void;
  /** Calls back when nothing of the transaction remains, before a later one begins. */
  onRollback(callback: () => void): void;
}

/** A database. */
export interface Database {
  /**
   * Runs `work` in a transaction: everything it wrote is durable when the promise resolves, and nothing
   * of it is there when the promise rejects. Transactions run one after the other: `work` must not wait
   * for anything but its statements.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Runs `work` on what is committed. Statements that write are refused. */
  read<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Moves the write-ahead log into the database and empties it, so that it holds no copy of what was overwritten. */
  scrub(): Promise<void>;
  close(): Promise<void>;
}

/** Why the store refuses. */
export type StoreErrorCode =
  | 'store/newer-version'
  | 'store/in-use'
  | 'store/closed'
  | 'store/bad-statement'
  | 'store/unavailable';

/** A refusal by the store itself; constraint violations keep the driver's error as `cause`. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Tells whether what failed is the store itself: nothing was changed, and the same may work later. */
export function isStoreUnavailable(error: unknown): error is StoreError {
  return error instanceof StoreError && error.code === 'store/unavailable';
}
