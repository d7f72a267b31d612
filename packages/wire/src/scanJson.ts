/**
 * Scans text against the grammar of JSON (RFC 8259), and also refuses duplicate keys, the key `__proto__`, and
 * deep nesting.
 *
 * @module
 */
import type { Said } from './expectations.ts';
import { LIMITS } from './limits.ts';

/** Why a text is refused, and at which UTF-16 unit. */
export interface Found {
  readonly said: Said;
  readonly at: number;
}

/** Finds the first reason to refuse a text; undefined if there is none. Linear, without recursion. */
export function scanJson(text: string, maxDepth: number): Found | undefined {
  const scan: Scan = { text, at: 0, maxDepth, open: [], found: undefined };
  for (let step: Step | undefined = value; step !== undefined; ) {
    skipSpace(scan);
    step = step(scan);
  }
  return scan.found;
}

interface Scan {
  readonly text: string;
  readonly maxDepth: number;
  /** Open brackets: the keys so far of an object, null for an array. */
  readonly open: (Set<string> | null)[];
  at: number;
  found: Found | undefined;
}

/** Reads one token and returns the next step; undefined after the end or a problem. */
type Step = (scan: Scan) => Step | undefined;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const value: Step = (scan) => {
  const { text, at } = scan;
  switch (text.charAt(at)) {
    case '{':
      return enter(scan, new Set()) ? keyOrEnd : undefined;
    case '[':
      return enter(scan, null) ? valueOrEnd : undefined;
    case '"':
      return passText(scan) ? next : undefined;
    default: {
      const length = lengthOfScalar(text, at);
      if (length === 0) return refuse(scan, SAID.value);
      scan.at += length;
      return next;
    }
  }
};

const valueOrEnd: Step = (scan) => (scan.text.charAt(scan.at) === ']' ? leave(scan) : value(scan));

const keyOrEnd: Step = (scan) => (scan.text.charAt(scan.at) === '}' ? leave(scan) : key(scan));

const key: Step = (scan) => {
  const start = scan.at;
  if (scan.text.charCodeAt(start) !== QUOTE) return refuse(scan, SAID.key);
  if (!passText(scan)) return undefined;
  const keys = scan.open.at(-1);
  const quoted = scan.text.slice(start, scan.at);
  const name = quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
  if (name === '__proto__') return refuse(scan, SAID.proto, start);
  if (keys?.has(name)) return refuse(scan, duplicate(name), start);
  if (keys?.size === LIMITS.keys) {
    return refuse(scan, SAID.keys, start);
  }
  keys?.add(name);
  return colon;
};

const colon: Step = (scan) => {
  if (scan.text.charAt(scan.at) !== ':') return refuse(scan, SAID.colon);
  scan.at += 1;
  return value;
};

/** After a value: more of the open bracket, its end, or the end of the text. */
const next: Step = (scan) => {
  const { text, at, open } = scan;
  const keys = open.at(-1);
  if (keys === undefined) {
    return at === text.length ? undefined : refuse(scan, SAID.end);
  }
  const end = keys === null ? ']' : '}';
  const character = text.charAt(at);
  if (character === end) return leave(scan);
  if (character !== ',')
    return refuse(scan, { en: `expected , or ${end}`, zhCN: `应为 , 或 ${end}` });
  scan.at += 1;
  return keys === null ? value : key;
};

function enter(scan: Scan, keys: Set<string> | null): boolean {
  if (scan.open.length === scan.maxDepth) {
    refuse(scan, {
      en: `nested deeper than ${scan.maxDepth}`,
      zhCN: `嵌套超过 ${scan.maxDepth} 层`,
    });
    return false;
  }
  scan.open.push(keys);
  scan.at += 1;
  return true;
}

function leave(scan: Scan): Step {
  scan.open.pop();
  scan.at += 1;
  return next;
}

/** The units of a text that are neither its end, nor an escape, nor a control character. */
const PLAIN = /[ !#-[\]-\uffff]*/y;

/**
 * Passes over a text in quotes: up to its first escape in one step, since the long texts of this wire have none.
 */
function passText(scan: Scan): boolean {
  const { text } = scan;
  PLAIN.lastIndex = scan.at + 1;
  PLAIN.test(text);
  for (let at = PLAIN.lastIndex; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      scan.at = at + 1;
      return true;
    }
    if (unit === BACKSLASH) {
      const length = lengthOfEscape(text, at);
      if (length === 0) return refuse(scan, SAID.escape, at) ?? false;
      at += length - 1;
    } else if (unit < 0x20) {
      return refuse(scan, SAID.control, at) ?? false;
    }
  }
  return refuse(scan, SAID.open) ?? false;
}

function lengthOfEscape(text: string, at: number): number {
  const letter = text.charAt(at + 1);
  if (letter === 'u') return /^[0-9a-fA-F]{4}$/.test(text.slice(at + 2, at + 6)) ? 6 : 0;
  return letter !== '' && '"\\/bfnrt'.includes(letter) ? 2 : 0;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

/** The length of a number or a word; 0 for neither. */
function lengthOfScalar(text: string, at: number): number {
  const word = WORDS.find((one) => text.startsWith(one, at));
  if (word !== undefined) return word.length;
  NUMBER.lastIndex = at;
  return NUMBER.test(text) ? NUMBER.lastIndex - at : 0;
}

const WORDS = ['true', 'false', 'null'];

function skipSpace(scan: Scan): void {
  const { text } = scan;
  for (;;) {
    const unit = text.charCodeAt(scan.at);
    if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
    scan.at += 1;
  }
}

function refuse(scan: Scan, said: Said, at: number = scan.at): undefined {
  scan.found = { said, at };
}

function duplicate(name: string): Said {
  const shown = JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name);
  return { en: `duplicate key ${shown}`, zhCN: `重复的键 ${shown}` };
}

const SAID = {
  value: { en: 'expected a value', zhCN: '此处应为值' },
  key: { en: 'expected a key in quotes', zhCN: '此处应为带引号的键' },
  colon: { en: 'expected :', zhCN: '应为 :' },
  end: { en: 'expected nothing after the value', zhCN: '值之后不应有其他内容' },
  proto: { en: 'the key __proto__ is not allowed', zhCN: '不接受键 __proto__' },
  keys: {
    en: `expected at most ${LIMITS.keys} keys in an object`,
    zhCN: `一个对象不得超过 ${LIMITS.keys} 个键`,
  },
  escape: { en: 'invalid escape in a text', zhCN: '文本中有无效的转义' },
  control: { en: 'control character in a text', zhCN: '文本中有控制字符' },
  open: { en: 'a text without its end', zhCN: '文本没有结束引号' },
} as const satisfies Record<string, Said>;
