/**
 * Bounds of a payload of any kind; `@quorate/intent` judges its meaning.
 *
 * @module
 */
import { EXPECTED, type Said } from './expectations.ts';
import { LIMITS } from './limits.ts';

/** A batch and a message enclose a payload. */
const DEEPEST = LIMITS.depth.frame - 2;
const TOO_DEEP: Said = {
  en: `nested deeper than ${DEEPEST}`,
  zhCN: `嵌套超过 ${DEEPEST} 层`,
};
const NO_JSON: Said = { en: 'expected JSON values', zhCN: '应为 JSON 值' };
const NUL = /\0/;
const SURROGATE = /\p{Cs}/u;

/** A value with its depth. */
type Open = readonly [value: unknown, depth: number];

/** Why no message can carry a value as its payload; undefined if one can. */
export function payloadProblem(value: unknown): Said | undefined {
  let size = 0;
  const open: Open[] = [[value, 1]];
  // Counts the JSON text without writing it, so that a large value costs only its walk. The frame's limit ends
  // the walk of a value that contains itself.
  while (open.length > 0 && size <= LIMITS.frame) {
    const [item, depth] = open.pop() ?? [null, 0];
    if (typeof item === 'object' && item !== null) {
      if (depth > DEEPEST) return TOO_DEEP;
      size += openUp(item, open, depth + 1);
    } else if (typeof item === 'string') {
      const problem = textProblem(item);
      if (problem !== undefined) return problem;
      size += quotedLength(item);
    } else if (!isJsonScalar(item)) return NO_JSON;
    else size += String(item).length;
  }
  if (size <= LIMITS.payload) return undefined;
  const isMore = size > LIMITS.frame;
  const came = isMore ? LIMITS.frame : size;
  return {
    en: `expected at most ${LIMITS.payload} characters of JSON, got ${isMore ? 'more than ' : ''}${came}`,
    zhCN: `JSON 文本不得超过 ${LIMITS.payload} 个字符，实际${isMore ? '超过' : '为'} ${came} 个`,
  };
}

/** Queues an object's keys and values, or a list's items; returns the length of the punctuation between them. */
function openUp(item: object, open: Open[], depth: number): number {
  if (Array.isArray(item)) {
    for (const one of item) open.push([one, depth]);
    return 2 + Math.max(0, item.length - 1);
  }
  let marks = 1;
  for (const [key, one] of Object.entries(item)) {
    if (one === undefined) continue;
    open.push([key, depth], [one, depth]);
    marks += 2;
  }
  return Math.max(2, marks);
}

/** Why a text cannot be signed, whatever it says; undefined if it can. */
export function textProblem(text: string): Said | undefined {
  if (NUL.test(text)) return EXPECTED.nul;
  return SURROGATE.test(text) ? EXPECTED.wellFormed : undefined;
}

/** The length of a text in JSON, with quotes and escapes. */
function quotedLength(text: string): number {
  return text.length > LIMITS.frame ? text.length : JSON.stringify(text).length;
}

function isJsonScalar(value: unknown): boolean {
  return value === null || typeof value === 'boolean' || Number.isFinite(value);
}
