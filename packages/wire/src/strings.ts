/**
 * The texts of every schema. Their length is checked first, and a text that is too long reaches no other
 * check: some checks take more than linear time, and the text may come from anybody.
 *
 * @module
 */
import { z } from 'zod';
import { EXPECTED, type Said } from './expectations.ts';
import { LIMITS } from './limits.ts';

// Controls, line and paragraph separators, and code points that are no characters.
const CONTROL = /[\p{Cc}\u2028\u2029\ufeff\ufff9-\ufffb\ufffe\uffff]/u;
const SURROGATE = /\p{Cs}/u;
// Marks, embeddings, overrides and isolates that reorder the text on screen, and invisible joiners.
const REORDERING = /[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069]/u;
// Security: normalisation sorts each run of combining marks, in quadratic time. No language stacks
// more than 30 of them (Unicode Standard Annex 15, stream-safe text).
const MARKS = new RegExp(`\\p{M}{${LIMITS.marks + 1}}`, 'u');

/** Why a field refuses a text; undefined if it accepts it. Linear time. */
function cleanProblem(text: string): Said | undefined {
  if (text.includes('\0')) return EXPECTED.nul;
  if (CONTROL.test(text)) return EXPECTED.control;
  if (SURROGATE.test(text)) return EXPECTED.wellFormed;
  if (MARKS.test(text)) return EXPECTED.marks;
  return text.normalize('NFC') === text ? undefined : EXPECTED.nfc;
}

function nameProblem(text: string): Said | undefined {
  const problem = cleanProblem(text);
  if (problem !== undefined) return problem;
  return REORDERING.test(text) || text.trim() !== text ? EXPECTED.plainName : undefined;
}

/** True for a text that is NFC, well-formed UTF-16 and without control characters. */
export function isCleanText(text: string): boolean {
  return cleanProblem(text) === undefined;
}

/** True for a clean text without bidirectional or invisible characters. */
export function isPlainName(text: string): boolean {
  return nameProblem(text) === undefined;
}

/**
 * A text of at most `max` characters. Every text of a schema begins with this one.
 *
 * Security: `abort` keeps all later checks from a longer text; without it they run even after this check
 * failed.
 */
export const bounded = (max: number) => z.string().max(max, { abort: true });

/** A text of one form; `expected` describes the form. */
export const matching = (pattern: RegExp, max: number, expected: Pick<Said, 'en'>) =>
  bounded(max).regex(pattern, expected.en);

/** A text that {@link isCleanText}, of at most `max` characters. */
export const clean = (max: number) => bounded(max).superRefine(refusing(cleanProblem));

/** A name that {@link isPlainName}, of 1 to `max` characters. */
export const plainName = (max: number) => bounded(max).min(1).superRefine(refusing(nameProblem));

/** A check that words its expectation in both languages. */
export function refusing<T>(
  problemOf: (value: T) => Said | undefined,
): (value: T, context: z.core.$RefinementCtx<T>) => void {
  return (value, context) => {
    const problem = problemOf(value);
    if (problem === undefined) return;
    const { en: message, zhCN } = problem;
    context.addIssue({ code: 'custom', message, params: { zhCN } });
  };
}
