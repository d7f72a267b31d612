/**
 * What a payload may be whatever its kind; its meaning is judged by `@quorate/intent`.
 *
 * @module
 */
import { LIMITS } from './limits.ts';

const NUL = /\0/;
const SURROGATE = /\p{Cs}/u;

/** Why no message can carry a value as its payload, in words; undefined when one can. */
export function payloadProblem(value: unknown): string | undefined {
  let size = 0;
  const open: unknown[] = [value];
  // Counts the JSON text and writes none of it, so that a large value costs no more than its walk.
  // The frame's limit ends the walk of a value that contains itself.
  while (open.length > 0 && size <= LIMITS.frame) {
    const item = open.pop();
    if (typeof item === 'object' && item !== null) size += openUp(item, open);
    else if (typeof item === 'string') {
      const problem = textProblem(item);
      if (problem !== undefined) return problem;
      size += quotedLength(item);
    } else if (!isJsonScalar(item)) return 'expected JSON values';
    else size += String(item).length;
  }
  if (size <= LIMITS.payload) return undefined;
  const came = size > LIMITS.frame ? `more than ${LIMITS.frame}` : String(size);
  return `expected at most ${LIMITS.payload} characters of JSON, got ${came}`;
}

/** Puts an object's keys and values, or a list's items, before the walk; returns the length of the marks between. */
function openUp(item: object, open: unknown[]): number {
  if (Array.isArray(item)) {
    for (const one of item) open.push(one);
    return 2 + Math.max(0, item.length - 1);
  }
  let marks = 1;
  for (const [key, one] of Object.entries(item)) {
    if (one === undefined) continue;
    open.push(key, one);
    marks += 2;
  }
  return Math.max(2, marks);
}

function textProblem(text: string): string | undefined {
  if (NUL.test(text)) return 'expected text without the character U+0000 (NUL)';
  return SURROGATE.test(text) ? 'expected well-formed Unicode text' : undefined;
}

/** The length of a text in JSON: its quotes and escapes included. */
function quotedLength(text: string): number {
  return text.length > LIMITS.frame ? text.length : JSON.stringify(text).length;
}

function isJsonScalar(value: unknown): boolean {
  return value === null || typeof value === 'boolean' || Number.isFinite(value);
}
