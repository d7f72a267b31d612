/** Text from others, made safe to show (attacks.md R-16). */

// Everything that moves the cursor, changes direction, is invisible, or looks like a space but is none.
const UNSAFE =
  /[\\\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}|(?<=\p{M}\p{M})\p{M}/gu;

/**
 * One line of visible characters. Control, bidirectional, invisible and newline characters, odd spaces and
 * piled-up combining marks become `\u{…}`; a backslash is doubled, so that no text can imitate an escape.
 */
export function escapeForDisplay(text: string): string {
  return text.replace(UNSAFE, (match) =>
    match === '\\' ? '\\\\' : `\\u{${(match.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
