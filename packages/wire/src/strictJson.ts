/**
 * What JSON.parse lets through and a message must not have: duplicate keys, keys that name the
 * prototype, and deep nesting. Runs before JSON.parse, over the text itself.
 */

/** Keys that could reach a prototype when an object is copied. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Why a JSON text is refused before it is parsed; undefined when it is not. */
export function findUnsafeJson(text: string, maxDepth: number): string | undefined {
  const open: (Set<string> | null)[] = [];
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      const end = endOfString(text, i);
      if (end === -1) return 'unterminated string';
      const keys = open.at(-1);
      if (keys && isKey(text, end)) {
        const problem = addKey(keys, text.slice(i, end + 1));
        if (problem !== undefined) return problem;
      }
      i = end;
    } else if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
      if (open.length === maxDepth) return `nested deeper than ${maxDepth}`;
      open.push(c === OPEN_OBJECT ? new Set() : null);
    } else if (c === CLOSE_OBJECT || c === CLOSE_ARRAY) {
      open.pop();
    }
  }
  return undefined;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

function isKey(text: string, end: number): boolean {
  let i = end + 1;
  while (' \t\r\n'.includes(text.charAt(i)) && i < text.length) i += 1;
  return text.charCodeAt(i) === COLON;
}

function addKey(keys: Set<string>, quoted: string): string | undefined {
  const key = quoted.includes('\\') ? unescape(quoted) : quoted.slice(1, -1);
  if (key === undefined) return 'invalid escape in a key';
  if (FORBIDDEN_KEYS.has(key)) return 'forbidden key';
  if (keys.has(key)) return 'duplicate key';
  keys.add(key);
  return undefined;
}

function unescape(quoted: string): string | undefined {
  try {
    const value: unknown = JSON.parse(quoted);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
