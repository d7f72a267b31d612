/**
 * The one reader of JSON from elsewhere: messages, bodies, answers and files. It refuses text that
 * `JSON.parse` accepts (duplicate keys, the key `__proto__`, deep nesting, any size) and says where.
 *
 * @module
 */
import type { Language } from './codes.ts';
import { inLanguage, type Said } from './expectations.ts';
import { LIMITS } from './limits.ts';
import { scanJson } from './scanJson.ts';

/** Bounds of accepted JSON. */
export interface JsonLimits {
  /** UTF-16 units of a text, or bytes. */
  readonly size?: number;
  /** Nesting of arrays and objects. */
  readonly depth?: number;
}

/** Why JSON is refused, and where. It repeats nothing of the text but the names of keys. */
export interface JsonProblem {
  readonly problem: Said;
  /** From 1; absent if the text as a whole is the problem. */
  readonly line?: number;
  /** From 1, in UTF-16 units. */
  readonly column?: number;
}

/** A value, or why there is none. */
export type ParsedJson =
  | { readonly ok: true; readonly value: unknown }
  | ({ readonly ok: false } & JsonProblem);

// Part of every runtime, but not of the compiler's ES2023 library.
declare const TextDecoder: new (
  label: 'utf-8',
  options: { readonly fatal: true; readonly ignoreBOM: true },
) => { decode(bytes: Uint8Array): string };

/**
 * Reads JSON: checks the size, then every token, then parses the value. Skips one byte order mark at the
 * start, as some editors write it. Linear in the size; never throws.
 */
export function parseJson(source: string | Uint8Array, limits: JsonLimits = {}): ParsedJson {
  const { size = LIMITS.frame, depth = LIMITS.depth.frame } = limits;
  if (source.length > size) {
    const [en, zhCN] = typeof source === 'string' ? ['characters', '个字符'] : ['bytes', '字节'];
    return refuse({
      problem: {
        en: `expected at most ${size} ${en}, got ${source.length}`,
        zhCN: `不得超过 ${size} ${zhCN}，实际为 ${source.length}`,
      },
    });
  }
  const whole = typeof source === 'string' ? source : decode(source);
  if (whole === undefined) return refuse({ problem: { en: 'expected UTF-8', zhCN: '应为 UTF-8' } });
  const text = whole.startsWith(BYTE_ORDER_MARK) ? whole.slice(1) : whole;
  const found = scanJson(text, depth);
  if (found !== undefined) return refuse({ problem: found.said, ...placeOf(text, found.at) });
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    // The scan knows the whole grammar; this catches a gap in it.
    return refuse({ problem: { en: 'expected JSON', zhCN: '应为 JSON' } });
  }
}

/** Describes a problem, with its place if known. */
export function describeJsonProblem(
  { problem, line, column }: JsonProblem,
  language: Language = 'en',
): string {
  const said = inLanguage(problem, language);
  if (line === undefined) return said;
  return language === 'zh-CN'
    ? `第 ${line} 行第 ${column} 列：${said}`
    : `line ${line}, column ${column}: ${said}`;
}

const BYTE_ORDER_MARK = '\ufeff';

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function refuse(problem: JsonProblem): ParsedJson {
  return { ok: false, ...problem };
}

function placeOf(text: string, at: number): { readonly line: number; readonly column: number } {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf('\n'); end !== -1 && end < at; end = text.indexOf('\n', start)) {
    line += 1;
    start = end + 1;
  }
  return { line, column: at - start + 1 };
}
