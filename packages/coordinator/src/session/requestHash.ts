/** Tells whether two requests are the same. */
import { createHash } from 'node:crypto';
import type { RequestOf } from '@quorate/wire';

/** A hash of a request's content, whatever the order of its fields. */
export function requestHashOf(request: RequestOf): string {
  // The number of the message is not part of what it asks for.
  const content = sorted({ ...request, cseq: 0 });
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [
    key,
    sorted(item),
  ]);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}
