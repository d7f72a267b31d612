/** Statements of SQLite: prepared once, and with the checks of parameters that its drivers omit. */
import { type SqlValue, StoreError, type Tx } from './database.ts';
import type { SqliteConnection, Statement } from './driver.ts';

/** The statements that a connection runs. */
export type Statements = Pick<Tx, 'run' | 'get' | 'all'>;

/** A statement that was prepared, and how many parameters it takes. */
interface Prepared {
  readonly statement: Statement;
  readonly parameters: number;
}

/** Prepared statements of a connection, each checked for its parameters. */
export function statementsOf(connection: SqliteConnection): Statements {
  const prepared = new Map<string, Prepared>();
  const statement = (sql: string, params: readonly SqlValue[]): Statement => {
    let found = prepared.get(sql);
    if (found === undefined) {
      const parameters = countParameters(sql);
      checkParameters(parameters, params);
      found = { statement: connection.prepare(sql), parameters };
      prepared.set(sql, found);
    } else checkParameters(found.parameters, params);
    return found.statement;
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

/** Counts the parameters of one statement. @throws StoreError `store/bad-statement` for more than one */
function countParameters(sql: string): number {
  if (sql.trimEnd().endsWith(';') || /;\s*\S/.test(sql)) {
    throw new StoreError('store/bad-statement', 'one statement at a time, without a semicolon');
  }
  return sql.split('?').length - 1;
}

/**
 * Checks the parameters of a statement: their number, their types, and the absence of U+0000, at which the
 * drivers would silently truncate text.
 *
 * @throws StoreError `store/bad-statement`
 */
function checkParameters(expected: number, params: readonly SqlValue[]): void {
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
