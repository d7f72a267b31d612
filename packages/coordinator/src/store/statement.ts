/** Checks that SQLite drivers omit, on statements and parameters. */
import { type SqlValue, StoreError } from './database.ts';

/**
 * Checks the parameters of a statement: their number, their types, and the absence of U+0000, at which the
 * drivers would silently truncate text.
 *
 * @throws StoreError `store/bad-statement`
 */
export function checkStatement(sql: string, params: readonly SqlValue[]): void {
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
