/**
 * The expectations of the schemas about their fields, in words and in both languages.
 *
 * @module
 */
import type { Language } from './codes.ts';

/** A sentence for people. */
export interface Said {
  readonly en: string;
  readonly zhCN: string;
}

/** The forms of fields. */
export const EXPECTED = {
  cleanText: {
    en: 'expected NFC text without control characters',
    zhCN: '应为 NFC 规范化且不含控制字符的文本',
  },
  marks: {
    en: 'expected at most 30 combining marks in a row',
    zhCN: '连续的组合字符不得超过 30 个',
  },
  nul: {
    en: 'expected text without the character U+0000 (NUL)',
    zhCN: '文本不得包含字符 U+0000（NUL）',
  },
  wellFormed: { en: 'expected well-formed Unicode text', zhCN: '应为格式正确的 Unicode 文本' },
  nfc: { en: 'expected text in Unicode form NFC', zhCN: '应为 Unicode NFC 规范化形式的文本' },
  control: { en: 'expected text without control characters', zhCN: '文本不得包含控制字符' },
  plainName: {
    en: 'expected a name without bidirectional or invisible characters, or spaces around it',
    zhCN: '名称不得包含双向控制字符或不可见字符，首尾不得有空格',
  },
  sessionKey: {
    en: 'expected 1 to 128 letters, digits and . _ : -',
    zhCN: '应为 1 至 128 个字母、数字或 . _ : -',
  },
  cpic: { en: 'expected 42 bytes in hex', zhCN: '应为 42 字节的十六进制' },
  address: {
    en: 'expected an address: 0x and 40 hex digits',
    zhCN: '应为地址：0x 加 40 位十六进制数字',
  },
  keyName: {
    en: 'expected an address, or a key_id: 64 hex digits in lower case',
    zhCN: '应为地址，或 key_id：64 位小写十六进制数字',
  },
  publicKey: {
    en: 'expected a compressed public key: 0x02 or 0x03 and 64 hex digits',
    zhCN: '应为压缩公钥：0x02 或 0x03 加 64 位十六进制数字',
  },
  chipPublicKey: {
    en: 'expected an uncompressed public key: 04 and 128 hex digits',
    zhCN: '应为未压缩公钥：04 加 128 位十六进制数字',
  },
  hex32: { en: 'expected 32 bytes in hex', zhCN: '应为 32 字节的十六进制' },
  lowerHex32: {
    en: 'expected 32 bytes in lower-case hex',
    zhCN: '应为 32 字节的小写十六进制',
  },
  hex16: { en: 'expected 16 bytes in hex', zhCN: '应为 16 字节的十六进制' },
  lowerHex16: {
    en: 'expected 16 bytes in lower-case hex',
    zhCN: '应为 16 字节的小写十六进制',
  },
  digest0x: {
    en: 'expected 0x and 64 hex digits, lower case',
    zhCN: '应为 0x 加 64 位小写十六进制数字',
  },
  signature: {
    en: 'expected a signature: 0x and 65 bytes in hex, the last 1b or 1c',
    zhCN: '应为签名：0x 加 65 字节十六进制，最后一个字节为 1b 或 1c',
  },
  base64: { en: 'expected base64', zhCN: '应为 base64' },
  stream: {
    en: 'expected 8 to 64 letters, digits, _ and -',
    zhCN: '应为 8 至 64 个字母、数字、_ 或 -',
  },
  code: {
    en: 'expected a code: lower-case letters, digits and _',
    zhCN: '应为代码：小写字母、数字或 _',
  },
  reason: {
    en: 'expected a reason: lower-case letters, digits and -',
    zhCN: '应为原因代码：小写字母、数字或 -',
  },
  clientId: {
    en: 'expected 1 to 64 letters, digits and . _ : -',
    zhCN: '应为 1 至 64 个字母、数字或 . _ : -',
  },
  token: {
    en: 'expected a token: letters, digits and _ . = -',
    zhCN: '应为令牌：字母、数字或 _ . = -',
  },
  tokenId: {
    en: 'expected 1 to 128 letters, digits, _ and -',
    zhCN: '应为 1 至 128 个字母、数字、_ 或 -',
  },
  fingerprint: {
    en: 'expected a fingerprint: 8 groups of 4 hex digits with - between',
    zhCN: '应为指纹：8 组 4 位十六进制数字，以 - 分隔',
  },
  cursor: { en: 'expected the next of the previous page', zhCN: '应为上一页的 next' },
  signers: {
    en: 'expected 2 to 32 indexes with commas between',
    zhCN: '应为 2 至 32 个以逗号分隔的编号',
  },
  holders: {
    en: 'expected 1 to 32 indexes with commas between',
    zhCN: '应为 1 至 32 个以逗号分隔的编号',
  },
  roundBody: {
    en: 'expected at most 8 KiB for everyone, 128 KiB for one',
    zhCN: '发给所有人时不得超过 8 KiB，发给一人时不得超过 128 KiB',
  },
  change: { en: 'expected at least one change', zhCN: '至少应有一项更改' },
  roles: { en: 'expected distinct roles', zhCN: '角色不得重复' },
} as const satisfies Record<string, Said>;

const CHINESE: ReadonlyMap<string, string> = new Map(
  Object.values(EXPECTED).map(({ en, zhCN }) => [en, zhCN]),
);

/** A sentence that depends on a number. */
export const expectedBytes = (count: number, atLeast = false): Said => ({
  en: `expected ${atLeast ? 'at least ' : ''}${count} bytes`,
  zhCN: `应为${atLeast ? '至少' : ''} ${count} 个字节`,
});

/** Adds a sentence to a check of a schema: zod keeps the English one. */
export function saying({ en, zhCN }: Said): { error: string; params: { zhCN: string } } {
  return { error: en, params: { zhCN } };
}

/** A sentence in a language. */
export function inLanguage({ en, zhCN }: Said, language: Language): string {
  return language === 'zh-CN' ? zhCN : en;
}

/** The Chinese sentence for an English one of the table. */
export function chineseOf(en: string): string | undefined {
  return CHINESE.get(en);
}
