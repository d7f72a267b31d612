const MEBIBYTE = 1024 * 1024;

const fill = (text: string): string => text.repeat(Math.ceil(MEBIBYTE / text.length));
const half = (text: string): string => text.repeat(MEBIBYTE / 2);

/** The worst texts that anybody has found for a parser of texts, each of one mebibyte, by name. */
export const WORST_TEXTS: Readonly<Record<string, string>> = {
  'combining marks out of order': half('\u0315') + half('\u0300'),
  'composable pairs': fill('a\u0300'),
  'marks that come apart': fill('\u0344'),
  'Hangul letters': fill('\u1100\u1161\u11a8'),
  'one letter': fill('a'),
  'hex digits': `0x${fill('0')}`,
  'digits with commas': fill('1,'),
  'base64 with its end missing': `${fill('AAAA')}=`,
  'groups with hyphens': fill('0000-'),
  quotes: fill('"'),
  backslashes: fill('\\'),
  'NUL characters': fill('\0'),
  'lone surrogates': fill('\ud800'),
  'pairs of surrogates': fill('\u{1f600}'),
  spaces: fill(' '),
  newlines: fill('\n'),
  'direction overrides': fill('\u202e'),
  brackets: fill('['),
};
