/** Makes text from others safe to show. */

// All characters that move the cursor, change direction, are invisible, or imitate a space.
const UNSAFE =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}|(?<=\p{M}\p{M})\p{M}/gu;

const shown = (match: string): string => `\\u{${(match.codePointAt(0) ?? 0).toString(16)}}`;

/**
 * One line of visible characters. Control, bidirectional, invisible and newline characters, odd spaces and
 * stacked combining marks become `\u{…}`; a backslash is doubled, so that no text can imitate an escape.
 */
export function escapeForDisplay(text: string): string {
  return printable(text.replaceAll('\\', '\\\\'));
}

/**
 * Escapes a whole line before printing, whoever wrote its parts: the output of {@link escapeForDisplay} stays
 * unchanged, because backslashes are left alone.
 */
export function printable(line: string): string {
  return line.replace(UNSAFE, shown);
}

/** JSON of a value without characters that control a terminal; it parses to the same value. */
export function printableJson(value: unknown): string {
  const units = (match: string): string =>
    Array.from({ length: match.length }, (_, at) => unitEscape(match.charCodeAt(at))).join('');
  return (JSON.stringify(value) ?? 'null').replace(UNSAFE, units);
}

function unitEscape(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}
