/**
 * The texts of every schema. Their length is judged before anything else, and a text that is too long
 * reaches no other check: some of these take more than linear time, and the text comes from anybody.
 *
 * @module
 */
import { z } from 'zod';
import { LIMITS } from './limits.ts';

// Controls, lone surrogates, line and paragraph separators, and marks that are no characters.
const CONTROL = /[\p{Cc}\p{Cs}\u2028\u2029\ufeff\ufff9-\ufffb\ufffe\uffff]/u;
// Marks, embeddings, overrides and isolates that reorder what a person reads, and invisible joiners.
const REORDERING = /[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069]/u;
// Security: normalisation sorts each run of combining marks, in quadratic time. No language stacks
// more than 30 of them (Unicode Standard Annex 15, stream-safe text).
const MARKS = new RegExp(`\\p{M}{${LIMITS.marks + 1}}`, 'u');

/** True for a text that is NFC, well-formed UTF-16 and without control characters. Linear time. */
export function isCleanText(text: string): boolean {
  return !CONTROL.test(text) && !MARKS.test(text) && text.normalize('NFC') === text;
}

/** True for a clean text that reads as it is written: no bidirectional or invisible characters. */
export function isPlainName(text: string): boolean {
  return isCleanText(text) && !REORDERING.test(text) && text.trim() === text;
}

/**
 * A text of at most `max` characters. Every text of a schema begins with this one.
 *
 * Security: `abort` keeps all later checks from a longer text; without it they run although it failed.
 */
export const bounded = (max: number) => z.string().max(max, { abort: true });

/** A text of one form; `expected` says which, for people. */
export const matching = (pattern: RegExp, max: number, expected: string) =>
  bounded(max).regex(pattern, expected);
