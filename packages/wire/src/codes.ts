/**
 * Every error code: its HTTP status, the close code if it ends a socket, and its text for people.
 *
 * Codes are stable: a program may compare them; texts may change.
 */
import type { CodeEntry } from './codes/entry.ts';
import { PROTOCOL_CODES } from './codes/protocol.ts';
import { REST_CODES } from './codes/rest.ts';
import { SESSION_CODES } from './codes/session.ts';

/** The table of codes. */
export const CODES = {
  ...PROTOCOL_CODES,
  ...SESSION_CODES,
  ...REST_CODES,
} as const satisfies Record<string, CodeEntry>;

/** A stable error code. */
export type ErrorCode = keyof typeof CODES;

/** A code that ends a session. */
export type FinalCode = {
  [Code in ErrorCode]: (typeof CODES)[Code] extends { readonly final: true } ? Code : never;
}[ErrorCode];

/** Languages of the texts. */
export type Language = 'en' | 'zh-CN';

/** True for a code of the table. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(CODES, code);
}

/**
 * True for a code that ends a session. An `error` with any other code, or one that answers the receiver's own
 * message (it carries `cseq`), does not change the session.
 */
export function isFinalCode(code: string): code is FinalCode {
  if (!isErrorCode(code)) return false;
  const entry: CodeEntry = CODES[code];
  return entry.final === true;
}

/** The code of a session's end, as its participants get it. */
export function participantCode(code: FinalCode): FinalCode {
  const entry: CodeEntry = CODES[code];
  return entry.toParticipants ?? code;
}

/** The text of a code for people. */
export function codeText(code: ErrorCode, language: Language = 'en'): string {
  const entry: CodeEntry = CODES[code];
  return language === 'zh-CN' ? entry.zhCN : entry.en;
}
