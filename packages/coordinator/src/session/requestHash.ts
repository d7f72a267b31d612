/** Recognises repeated requests. */
import { createHash } from 'node:crypto';
import type { RequestOf } from '@quorate/wire';

/** Hashes a request's content, whatever the order of its fields. */
export function requestHashOf(request: RequestOf): string {
  // The message number is not part of the content.
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
