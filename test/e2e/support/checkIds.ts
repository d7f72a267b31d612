// The ids of checks: in docs/spec/checks.md, and where they are used.
import type { File } from './citations.ts';

/** A row of the table of checks. */
export interface Row {
  readonly id: string;
  readonly sentence: string;
  readonly code: string;
  readonly test: string;
}

/** The rows of the first table, and the ids of the second. */
export function checksOf(page: string): { built: Row[]; absent: string[] } {
  const [built = '', absent = ''] = page.split('## 2. Not built');
  const cells = (text: string): string[][] =>
    text
      .split('\n')
      .filter((line) => /^\| (?:[A-Z]-?\d|1\.9\.)/.test(line))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim().replaceAll('`', '')),
      );
  return {
    built: cells(built).map(([id = '', sentence = '', code = '', test = '']) => ({
      id,
      sentence,
      code,
      test,
    })),
    absent: cells(absent).flatMap(([ids = '']) => ids.split(', ')),
  };
}

const CURVES = /^P-(?:256|384|521)$/;
const HYPHENATED = /(?<![\w.-])[A-Z]-\d+[a-z]?(?![\w-])/g;
const RULES = /(?<![\w.])1\.9\.\d+(?![\w.])/g;
/** Steps of protocols; S and P are also names of other things. */
const STEPS = /(?<![\w.$-])[CDGLMOTZ]\d+(?!\w|-\d)/g;
const RANGE = /(?<![\w-])([A-Z])(\d+)–\1?(\d+)/g;

/** Every step that `C1–C6` names. */
function ranged(text: string): string[] {
  return [...text.matchAll(RANGE)].flatMap(([, family = '', first, last]) => {
    const from = Number(first);
    return Array.from({ length: Number(last) - from + 1 }, (_, at) => `${family}${from + at}`);
  });
}

/** The comments and titles of a file, where ids stand: code has variables of the same names. */
const said = (text: string): string =>
  [...text.matchAll(/\/\*[^]*?\*\/|\/\/[^\n]*|(["'`])(?:\\.|(?!\1)[^\\\n])*\1/g)]
    .map(([part]) => part)
    .join('\n');

/** The ids that a file uses. Steps are ids in the protocols' package only. */
export function idsUsed({ path, text }: File): Set<string> {
  const found = [...text.matchAll(HYPHENATED), ...text.matchAll(RULES)].map(([id]) => id);
  const steps = /^packages\/tss\/(src|test)\/.*\.ts$/.test(path)
    ? [...[...said(text).matchAll(STEPS)].map(([id]) => id), ...ranged(text)]
    : [];
  return new Set([...found, ...steps].filter((id) => !CURVES.test(id)));
}

/** Whether a test names an id: itself, a part of it, or in a range. */
export function names(text: string, id: string): boolean {
  const part = id.includes('-') && /\d$/.test(id) ? '[a-z]?' : '';
  const own = new RegExp(`(?<![\\w.-])${id.replaceAll('.', '\\.')}${part}(?![\\w-])`);
  return own.test(text) || ranged(text).includes(id);
}
