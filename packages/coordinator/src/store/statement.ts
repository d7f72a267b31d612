/** Statements of SQLite: prepared once, and with the checks of parameters that its drivers omit. */
import { type SqlValue, StoreError, type Tx } from './database.ts';
import type { SqliteConnection, Statement } from './driver.ts';

/** The statements that a connection runs. */
export type Statements = Pick<Tx, 'run' | 'get' | 'all'>;

/** Prepared statements of a connection, each checked for its parameters. */
export function statementsOf(connection: SqliteConnection): Statements {
  const prepared = new Map<string, Statement>();
  const statement = (sql: string, params: readonly SqlValue[]): Statement => {
    checkStatement(sql, params);
    let found = prepared.get(sql);
    if (found === undefined) {
      found = connection.prepare(sql);
      prepared.set(sql, found);
    }
    return found;
  };
  return {
    run: async (sql, params = []) => ({
      changes: Number(statement(sql, params).run(...params).changes),
    }),
    // The caller names the columns in its SQL and their types in T: the only type erasure of the store.
    get: async <T>(sql: string, params: readonly SqlValue[] = []) =>
      statement(sql, params).get(...params) as T | undefined,
    all: async <T>(sql: string, params: readonly SqlValue[] = []) =>
      statement(sql, params).all(...params) as T[],
  };
}

/**
 * Checks the parameters of a statement: their number, their types, and the absence of U+0000, at which the
 * drivers would silently truncate text.
 *
 * @throws StoreError `store/bad-statement`
 */
function checkStatement(sql: string, params: readonly SqlValue[]): void {
  if (sql.trimEnd().endsWith(';') || /;\s*\S/.test(sql)) {
    throw new StoreError('store/bad-statement', 'one statement at a time, without a semicolon');
  }
  const expected = sql.split('?').length - 1;
  if (expected !== params.length) {
    throw new StoreError(
      'store/bad-statement',
      `statement takes ${expected} parameters, got ${params.length}`,
    );
  }
  params.forEach(checkValue);
}

function checkValue(value: unknown, position: number): void {
  if (value === null || value instanceof Uint8Array) return;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return;
  if (typeof value === 'string') {
    if (!value.includes('\u0000')) return;
    throw new StoreError('store/bad-statement', `parameter ${position + 1} holds U+0000`);
  }
  throw new StoreError(
    'store/bad-statement',
    `parameter ${position + 1} is a ${typeof value}; text, safe integer, bytes or null expected`,
  );
}
