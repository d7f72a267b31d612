/** Reads answers of a server that may be newer than whoever asked. */
import type { z } from 'zod';

/** The most that may be added to one answer: a list of a thousand entries with a few new fields each. */
const MOST_ISSUES = 10_000;

/**
 * Reads an answer by its schema and leaves out the fields that the schema does not know: a newer server may add some.
 * Everything else is as strict as the schema. The result shares nothing with `value`.
 */
export function readAnswer<T>(schema: z.ZodType<T>, value: unknown): z.ZodSafeParseResult<T> {
  const first = schema.safeParse(value);
  if (first.success) return first;
  const { issues } = first.error;
  if (issues.length > MOST_ISSUES) return first;
  const known: unknown = structuredClone(value);
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') return first;
    remove(known, issue.path, issue.keys);
  }
  return schema.safeParse(known);
}

function remove(value: unknown, path: readonly PropertyKey[], keys: readonly string[]): void {
  let at: unknown = value;
  for (const part of path) {
    if (typeof at !== 'object' || at === null) return;
    at = Reflect.get(at, part);
  }
  if (typeof at !== 'object' || at === null) return;
  for (const key of keys) Reflect.deleteProperty(at, key);
}
