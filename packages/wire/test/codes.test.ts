import { describe, expect, it } from 'vitest';
import {
  CLOSE,
  type CodeEntry,
  CODES,
  codeText,
  errorMessage,
  isErrorCode,
  isFinalCode,
  isCleanText,
  LIMITS,
  parseFrame,
  safeText,
} from '../src/index.ts';

const entries: [string, CodeEntry][] = Object.entries(CODES);

describe('the table of codes', () => {
  it('has the codes that the protocol names', () => {
    const named = `session_key_conflict not_registered forbidden_role unknown_session invalid_message
      chip_mismatch participant_declined timeout aborted rate_limited forbidden_key unknown_outcome
      unrepresentable_recovery_id participant_restarted`;
    for (const code of named.split(/\s+/)) expect(isErrorCode(code), code).toBe(true);
    expect(isErrorCode('toString')).toBe(false);
  });

  it('gives every code a status, texts in both languages and a meaning', () => {
    for (const [code, entry] of entries) {
      expect(code).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(entry.http).toBeGreaterThanOrEqual(400);
      expect(entry.http).toBeLessThan(600);
      expect(entry.en).toMatch(/^[a-z].*[^.]$/);
      expect(entry.zhCN).toMatch(/\p{Script=Han}/u);
      expect(entry.meaning.length).toBeGreaterThan(20);
    }
  });

  it('has no two codes with the same text', () => {
    expect(new Set(entries.map(([, entry]) => entry.en)).size).toBe(entries.length);
    expect(new Set(entries.map(([, entry]) => entry.zhCN)).size).toBe(entries.length);
  });

  it('closes sockets only with the codes of the protocol', () => {
    const used = entries.flatMap(([, entry]) => entry.close ?? []);
    expect(new Set(used)).toEqual(new Set(Object.values(CLOSE)));
  });

  it('says which codes end a session, and that an internal error does not', () => {
    const final = Object.keys(CODES).filter(isFinalCode);
    expect(final.toSorted()).toEqual([
      'aborted',
      'cancelled',
      'chip_mismatch',
      'chip_unavailable',
      'conflicting_results',
      'expired',
      'invalid_certificate',
      'invalid_result',
      'key_destroying',
      'participant_declined',
      'participant_restarted',
      'thread_stopped',
      'timeout',
      'unknown_outcome',
    ]);
    for (const code of ['internal', 'rate_limited', 'wrong_state', 'no_such_code', 'toString']) {
      expect(isFinalCode(code), code).toBe(false);
    }
  });

  it('speaks the language of the deployment', () => {
    expect(codeText('timeout')).toBe('the time ran out');
    expect(codeText('timeout', 'zh-CN')).toBe('会话超时');
  });
});

describe('an error message', () => {
  it('is a valid message whatever its details are', () => {
    for (const details of [
      '',
      'a\nb\u0000',
      '\ud800',
      'x'.repeat(10_000),
      'e\u0301',
      '😀'.repeat(3000),
    ]) {
      const message = errorMessage('aborted', { details, sessionKey: 'k', language: 'zh-CN' });
      const parsed = parseFrame(JSON.stringify(message), { from: 'server' });
      expect(parsed).toEqual({ ok: true, messages: [message], batch: false });
    }
  });

  it('X-1: has no run of marks that takes long to normalise, here or at its reader', () => {
    for (const mark of ['\u0315', '\u0344', '\u0f73']) {
      const text = safeText(`a${mark.repeat(LIMITS.details)}`);
      expect(isCleanText(text), mark).toBe(true);
      expect(text).toMatch(/^\p{L}\p{M}{1,30}\ufffd+$/u);
    }
    expect(safeText('a\u0323\u0301')).toBe('\u1ea1\u0301');
  });

  it('has no line breaks, no half characters and no more than its bound', () => {
    const text = safeText(`a\r\n${'😀'.repeat(9)}`, 6);
    expect(isCleanText(text)).toBe(true);
    expect(text.length).toBeLessThanOrEqual(6);
  });
});
