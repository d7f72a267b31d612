/** Conditions of a query, put together. */
import type { SqlValue } from './database.ts';

/** A condition and its parameters. */
export type Condition = readonly [sql: string, ...parameters: SqlValue[]];

/** The clause that asks for all conditions. */
export function where(conditions: readonly Condition[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.map(([sql]) => sql).join(' AND ')}`;
}

/** The parameters of the conditions, in their order. */
export function parameters(conditions: readonly Condition[]): SqlValue[] {
  return conditions.flatMap(([, ...values]) => values);
}
