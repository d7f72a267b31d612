/** Text from others, made safe to show. */

// Everything that moves the cursor, changes direction, is invisible, or looks like a space but is none.
const UNSAFE =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}|(?<=\p{M}\p{M})\p{M}/gu;

const shown = (match: string): string => `\\u{${(match.codePointAt(0) ?? 0).toString(16)}}`;

/**
 * One line of visible characters. Control, bidirectional, invisible and newline characters, odd spaces and
 * piled-up combining marks become `\u{…}`; a backslash is doubled, so that no text can imitate an escape.
 */
export function escapeForDisplay(text: string): string {
  return printable(text.replaceAll('\\', '\\\\'));
}

/**
 * The same for a whole line before it is printed, whoever wrote its parts: what {@link escapeForDisplay} gave
 * stays as it is, since backslashes are left alone.
 */
export function printable(line: string): string {
  return line.replace(UNSAFE, shown);
}

/** JSON of a value without a character that a terminal obeys; it parses to the same value. */
export function printableJson(value: unknown): string {
  const units = (match: string): string =>
    Array.from({ length: match.length }, (_, at) => unitEscape(match.charCodeAt(at))).join('');
  return (JSON.stringify(value) ?? 'null').replace(UNSAFE, units);
}

function unitEscape(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}
