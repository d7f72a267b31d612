import { afterEach, describe, expect, test, vi } from 'vitest';
import { isCleanText, isPlainName, LIMITS, parseFrame, SignPayload } from '../src/index.ts';

afterEach(() => vi.restoreAllMocks());

/** Two kinds of marks in the order that costs a normalisation most. */
const marks = (units: number): string => '\u0315'.repeat(units / 2) + '\u0300'.repeat(units / 2);

describe('X-1: a text', () => {
  test('of combining marks is refused by its length, and nothing else looks at it', () => {
    const normalize = vi.spyOn(String.prototype, 'normalize');
    const register = (username: string) =>
      JSON.stringify({ type: 'register', username, role: 'participant', token: 'x' });
    const parsed = parseFrame(register(`a${marks(500 * 1024)}`), { from: 'client' });
    const lengths = normalize.mock.contexts.map((text) => String(text).length);
    // The sentence that refuses it is normalised: it goes back to its sender.
    expect(Math.max(...lengths)).toBeLessThanOrEqual(100);
    expect(parsed).toMatchObject({
      ok: false,
      error: {
        code: 'invalid_message',
        details: 'register: username: expected at most 64 characters',
      },
    });
  });

  test('with more marks in a row than any language has is not clean, and is not normalised', () => {
    const normalize = vi.spyOn(String.prototype, 'normalize');
    expect(isCleanText(`a${'\u0300'.repeat(LIMITS.marks + 1)}`)).toBe(false);
    expect(isPlainName(`a${marks(1024)}`)).toBe(false);
    expect(normalize).not.toHaveBeenCalled();
  });

  test('with as many marks as a language has is clean', () => {
    expect(isCleanText(`q${'\u0300'.repeat(LIMITS.marks)}`)).toBe(true);
    expect(isCleanText('Zo\u00eb, ห้องน้ำ, हिन्दी, שָׁלוֹם')).toBe(true);
  });
});

describe('a payload', () => {
  const payload = (message: unknown) => SignPayload.safeParse({ kind: 'eip191', message });
  const problem = (message: unknown) => payload(message).error?.issues[0]?.message;
  const frame = JSON.stringify({ kind: 'eip191', message: '' }).length;

  test('is measured as its JSON text is, and its refusal names the limit and the size', () => {
    for (const item of ['a', '"', '\\', '\n', '\u20ac', 'é']) {
      const unit = JSON.stringify(item).length - 2;
      const most = item.repeat(Math.floor((LIMITS.payload - frame) / unit));
      expect(payload(most).success, item).toBe(true);
      const size = JSON.stringify({ kind: 'eip191', message: most + item }).length;
      expect(problem(most + item)).toBe(
        `expected at most ${LIMITS.payload} characters of JSON, got ${size}`,
      );
    }
    const lists = [[], [1], [1, 2.5, -3], [[], {}], [{ a: null, b: [true, false] }], 1e21];
    for (const item of lists) {
      const size = JSON.stringify({ kind: 'eip191', message: [item, ''] }).length;
      const fill = 'x'.repeat(LIMITS.payload - size);
      expect(payload([item, fill]).success).toBe(true);
      expect(problem([item, `${fill}x`])).toContain(`got ${LIMITS.payload + 1}`);
    }
  });

  test('X-1: is not written out to be measured, and one that contains itself is refused', () => {
    const stringify = vi.spyOn(JSON, 'stringify');
    const list: unknown[] = Array.from({ length: 2 * LIMITS.frame }, () => 1);
    expect(problem(list)).toContain(`got more than ${LIMITS.frame}`);
    expect(problem('x'.repeat(2 * LIMITS.frame))).toContain(`got more than ${LIMITS.frame}`);
    const longest = stringify.mock.calls.map(([value]) => String(value).length);
    expect(Math.max(...longest)).toBeLessThan(100);
  });

  test('W-12: is refused when it nests deeper than a frame carries', () => {
    const nested = (depth: number): unknown =>
      Array.from({ length: depth }).reduce<unknown>((inside) => [inside], 0);
    const most = LIMITS.depth.frame - 3;
    expect(payload(nested(most)).success).toBe(true);
    expect(problem(nested(most + 1))).toBe(`nested deeper than ${LIMITS.depth.frame - 2}`);
    const itself: unknown[] = [];
    itself.push(itself);
    expect(problem(itself)).toBe(`nested deeper than ${LIMITS.depth.frame - 2}`);
  });

  test('is refused with what JSON does not have', () => {
    for (const value of [Number.NaN, Infinity, 1n, () => 1, Symbol('a')]) {
      expect(problem(value)).toBe('expected JSON values');
    }
  });

  test('W-10: is refused with NUL or half a character, and told which', () => {
    for (const value of ['a\0b', { 'a\0': 1 }, ['\0']]) {
      expect(problem(value)).toBe('expected text without the character U+0000 (NUL)');
    }
    for (const value of ['\ud800', { '\udc00': 1 }]) {
      expect(problem(value)).toBe('expected well-formed Unicode text');
    }
    expect(payload('\\u0000, \\\\ud800 and \u{1f600}').success).toBe(true);
  });
});
