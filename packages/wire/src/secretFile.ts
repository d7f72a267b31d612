/**
 * Reads the secret in a one-line file: PIN, password, passphrase, token. Editors add a byte order mark before
 * it and line ends after it; neither is part of it.
 *
 * @module
 */

/** The secret, in its own memory, or why the file holds none. */
export type SecretFile =
  | { readonly ok: true; readonly secret: Uint8Array }
  | { readonly ok: false; readonly problem: string };

/**
 * Takes the secret out of a file's content. The caller wipes both.
 *
 * Security: a byte order mark left in place would turn the right PIN into a wrong one, and cost a try at each
 * start.
 */
export function secretInFile(content: Uint8Array): SecretFile {
  const [first, second, third] = content;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return { ok: false, problem: 'is written in UTF-16; save it as UTF-8' };
  }
  const start = first === 0xef && second === 0xbb && third === 0xbf ? 3 : 0;
  let end = content.length;
  while (end > start && isLineEnd(content[end - 1])) end -= 1;
  if (end === start) return { ok: false, problem: 'is empty' };
  const line = content.subarray(start, end);
  if (line.includes(0)) return { ok: false, problem: 'holds the character U+0000 (NUL)' };
  return { ok: true, secret: Uint8Array.from(line) };
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === 0x0a || byte === 0x0d;
}
