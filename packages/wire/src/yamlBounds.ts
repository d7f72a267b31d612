/**
 * Bounds a YAML text before a library reads it. The library recurses: a few kibibytes of nesting exhaust its
 * stack, which can end the process, and it compares every key of a map with every other.
 *
 * @module
 */
import { LIMITS } from './limits.ts';

const INDENTED = new RegExp(`^ {${LIMITS.yaml.indentation + 1}}`, 'm');
/** Lists and maps nested on one line. */
const COMPACT = new RegExp(`(?:[-?:][ \\t]+){${LIMITS.yaml.depth + 1}}`);

/** Why a YAML text is not read; undefined if it may be. Linear in the text. */
export function yamlProblem(text: string): string | undefined {
  const { size, depth, entries, indentation } = LIMITS.yaml;
  if (text.length > size) return `expected at most ${size} characters, got ${text.length}`;
  if (text.includes('__proto__')) return 'the key __proto__ is not allowed';
  if (text.includes('\0')) return 'expected text without the character U+0000 (NUL)';
  if (INDENTED.test(text)) return `expected at most ${indentation} spaces before a line's text`;
  if (COMPACT.test(text) || flowDepth(text) > depth) return `nested deeper than ${depth}`;
  return countOf(text, ',\n') > entries ? `expected at most ${entries} entries` : undefined;
}

/**
 * How deep brackets are nested; one inside a text counts too, and an unmatched closing bracket counts for
 * nothing.
 */
function flowDepth(text: string): number {
  let deepest = 0;
  let open = 0;
  for (const character of text) {
    if (character === '[' || character === '{') open += 1;
    else if (open > 0 && (character === ']' || character === '}')) open -= 1;
    deepest = Math.max(deepest, open);
  }
  return deepest;
}

function countOf(text: string, characters: string): number {
  let count = 0;
  for (const character of text) if (characters.includes(character)) count += 1;
  return count;
}
