/**
 * The store as the rest of the coordinator sees it: asynchronous, transactional, one SQL dialect.
 *
 * Statements use `?` for every parameter, and only SQL that both SQLite and PostgreSQL accept. Transactions
 * that wait at the same time share one commit; each still succeeds or fails alone (docs/spec/coordinator.md §1).
 */

/** A parameter or a column. Booleans are stored as 0 and 1, times as milliseconds. */
export type SqlValue = string | number | null | Uint8Array;

/** One row, by column name. */
export type Row = Readonly<Record<string, SqlValue>>;

/** How long a commit waits at most while nobody's next step depends on it, milliseconds. */
export const PATIENCE_MS = 50;

/** A running transaction. Do not use it after the function that received it has returned. */
export interface Tx {
  run(sql: string, params?: readonly SqlValue[]): Promise<{ readonly changes: number }>;
  /**
   * Runs a deletion whose bytes may stay in free pages, because they are as good as public. So may all that ever stood in
   * the pages that become free: for a table that holds nothing else.
   */
  runUnerased(sql: string, params?: readonly SqlValue[]): Promise<{ readonly changes: number }>;
  get<T = Row>(sql: string, params?: readonly SqlValue[]): Promise<T | undefined>;
  all<T = Row>(sql: string, params?: readonly SqlValue[]): Promise<T[]>;
  /**
   * Calls back once everything is durable, in the order of the calls and of the transactions, and before a
   * later transaction begins. Never called if the transaction fails.
   */
  onCommit(callback: () => void): void;
  /** Calls back once the transaction is rolled back, before a later one begins. */
  onRollback(callback: () => void): void;
  /**
   * Lets the commit wait for the next transaction, because nobody's next step depends on this one: for so many
   * milliseconds, but never longer than {@link PATIENCE_MS}.
   */
  mayWait(patience?: number): void;
}

/** A database. */
export interface Database {
  /**
   * Runs `work` in a transaction. When the promise resolves, everything it wrote is durable; when it rejects,
   * nothing was written. Transactions run one after the other, so `work` must wait only for its statements.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Runs `work` on committed data. Refuses statements that write. */
  read<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * Moves the write-ahead log into the database and empties it, so that the log keeps no copy of overwritten
   * data.
   */
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

/** A refusal by the store; constraint violations keep the driver's error as `cause`. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether the store itself failed: nothing was changed, and a retry may succeed. */
export function isStoreUnavailable(error: unknown): error is StoreError {
  return error instanceof StoreError && error.code === 'store/unavailable';
}
