/**
 * Texts of success, and the error message for a code (docs/spec/wire.md §10). The Chinese texts of success
 * come from the protocol's first document.
 */
import { CEREMONIES, type Kind } from './ceremonies/index.ts';
import { codeText, type ErrorCode, type Language } from './codes.ts';
import { inLanguage } from './expectations.ts';
import { LIMITS } from './limits.ts';
import type { Abort, Claim } from './messages/round.ts';
import type { ErrorMessage } from './messages/status.ts';

const TEXTS = {
  registered: { en: 'registered', zhCN: '注册成功' },
  low_threshold: {
    en: 'the threshold is below half of the parts',
    zhCN: '门限值低于总分片数的一半，建议不低于一半',
  },
  missing: { en: 'no answer from', zhCN: '未响应的参与者' },
  unproven: { en: 'not proven for', zhCN: '未能证明已销毁的参与者' },
} as const;

/** The name of a text. */
export type TextName = keyof typeof TEXTS;

/** A text for people. */
export function textOf(name: TextName, language: Language = 'en'): string {
  return inLanguage(TEXTS[name], language);
}

/** `message` of a completion. */
export function endingOf(
  kind: Kind,
  ending: 'completed' | 'failed',
  language: Language = 'en',
): string {
  return inLanguage(CEREMONIES[kind].said[ending], language);
}

/** The content of an error message besides its code. */
export interface ErrorOptions {
  readonly details?: string;
  readonly sessionKey?: string;
  readonly cseq?: number;
  readonly concerned?: readonly { readonly username: string; readonly part_index: number }[];
  readonly abort?: Abort;
  readonly claim?: Claim;
  readonly language?: Language;
}

// All characters that must not travel in a text; they are replaced, so that an error can always be sent.
const UNSAFE = /[\p{Cc}\p{Cs}\u2028\u2029\ufeff\ufff9-\ufffb\ufffe\uffff]/gu;

const MARKS = new RegExp(`(\\p{M}{${LIMITS.marks}})\\p{M}+`, 'gu');

/** Text that may be sent: at most `max` characters, NFC, with control characters and stacked marks replaced. */
export function safeText(value: string, max: number = LIMITS.details): string {
  const clean = fewMarks(value.slice(0, max).replace(UNSAFE, '\ufffd'));
  // Again, because a character may decompose into several marks.
  const normal = fewMarks(clean.normalize('NFC'));
  return normal.length <= max ? normal : normal.slice(0, max).replace(/\p{Cs}/gu, '\ufffd');
}

/** Removes marks beyond those that any language stacks; see {@link isCleanText}. */
function fewMarks(text: string): string {
  return text.replace(MARKS, '$1\ufffd');
}

/** Builds the `error` message of a code. */
export function errorMessage(code: ErrorCode, options: ErrorOptions = {}): ErrorMessage {
  const { details = '', sessionKey, cseq, concerned, abort, claim, language = 'en' } = options;
  return {
    type: 'error',
    message: codeText(code, language),
    details: safeText(details),
    code,
    ...(sessionKey === undefined ? {} : { session_key: sessionKey }),
    ...(cseq === undefined ? {} : { cseq }),
    ...(concerned === undefined ? {} : { concerned: [...concerned] }),
    ...(abort === undefined ? {} : { abort }),
    ...(claim === undefined ? {} : { claim }),
  };
}

/** Close codes of the socket (docs/spec/wire.md §2). */
export const CLOSE = {
  unauthorised: 4401,
  tokenExpired: 4403,
  registerTimeout: 4408,
  replaced: 4409,
  tooManyErrors: 4429,
  internal: 1011,
  restarting: 1012,
  storeUnavailable: 1013,
} as const;
