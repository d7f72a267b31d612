/** One transaction within a group: it succeeds or fails alone until the group commits. */
import { PATIENCE_MS, type Tx } from './database.ts';
import type { SqliteConnection } from './driver.ts';
import type { Statements } from './statement.ts';

/** A transaction that was asked for. */
export interface Waiting {
  readonly work: (tx: Tx) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The end of one work of a group, once the group's commit has succeeded or failed. */
export interface Settlement {
  /** How long its commit may wait for another one, milliseconds. */
  readonly patience: number;
  readonly done: () => void;
  readonly undo: () => void;
}

/** Runs one work of a group; a work that fails leaves nothing. */
export async function runInGroup(
  connection: SqliteConnection,
  statements: Statements,
  { work, resolve, reject }: Waiting,
): Promise<Settlement> {
  const committed: (() => void)[] = [];
  const rolledBack: (() => void)[] = [];
  let patience = 0;
  const undo = (): void => {
    for (const callback of rolledBack.splice(0).reverse()) callback();
  };
  const tx: Tx = {
    ...statements,
    runUnerased: (sql, params) => {
      // A page that is freed is not overwritten, nor is what SQLite has moved from it into another one.
      connection.exec('PRAGMA secure_delete = FAST');
      const ran = statements.run(sql, params);
      connection.exec('PRAGMA secure_delete = ON');
      return ran;
    },
    onCommit: (callback) => committed.push(callback),
    onRollback: (callback) => rolledBack.push(callback),
    mayWait: (given = PATIENCE_MS) => {
      patience = Math.min(given, PATIENCE_MS);
    },
  };
  connection.exec('SAVEPOINT step');
  try {
    const value = await work(tx);
    connection.exec('RELEASE step');
    const done = (): void => {
      try {
        for (const callback of committed) callback();
        resolve(value);
      } catch (error) {
        reject(error);
      }
    };
    return { patience, done, undo };
  } catch (error) {
    try {
      undoStep(connection, error);
    } finally {
      undo();
    }
    return { patience: 0, done: () => reject(error), undo: () => undefined };
  }
}

/** @throws the cause if SQLite has rolled back the whole group by itself, as it does on a full disk */
function undoStep(connection: SqliteConnection, cause: unknown): void {
  try {
    connection.exec('ROLLBACK TO step');
    connection.exec('RELEASE step');
  } catch {
    throw cause;
  }
}
