import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeJsonProblem, LIMITS, parseJson } from '../src/index.ts';

const utf8 = new TextEncoder();

function problemOf(source: string | Uint8Array): string {
  const json = parseJson(source);
  return json.ok ? 'none' : describeJsonProblem(json);
}

describe('the strict reader of JSON', () => {
  test('returns the same as JSON.parse, from text and from bytes', () => {
    const run = (text: string): boolean => {
      const expected: unknown = JSON.parse(text);
      for (const source of [text, utf8.encode(text)]) {
        expect(parseJson(source)).toStrictEqual({ ok: true, value: expected });
      }
      return true;
    };
    const value = fc.jsonValue({ maxDepth: 8, depthSize: 'medium', noUnicodeString: false });
    const texts = value.map((one) => JSON.stringify(one, null, 1)).filter(hasNoProto);
    fc.assert(fc.property(texts, run), { numRuns: 1000, seed: 1 });
    for (const text of ['0', '-0', '1E+2', '0.5e-3', '""', '"\\u00e9\\/\\b\\f"', ' \t\r\n[ ] ']) {
      run(text);
    }
  });

  test('takes exactly the texts that JSON.parse takes, but for keys and nesting', () => {
    const pieces = fc.constantFrom(
      ...Array.from('{}[],:"\\ \n\t019.eE+-'),
      'true',
      'null',
      'u00e9',
      '""',
      '{}',
    );
    const texts = fc.array(pieces, { maxLength: 12 }).map((all) => all.join(''));
    fc.assert(
      fc.property(texts, (text) => {
        const json = parseJson(text);
        const said = json.ok ? '' : json.problem.en;
        return said.startsWith('duplicate key') || json.ok === isJson(text);
      }),
      { numRuns: 30_000, seed: 2 },
    );
  });

  test('W-4: refuses a key twice, also one that is written in another way, and says where', () => {
    expect(problemOf('{"a":1,\n "b":{"a":2},\n "a":3}')).toBe(
      'line 3, column 2: duplicate key "a"',
    );
    expect(problemOf('{"amount":1,"\\u0061mount":2}')).toBe(
      'line 1, column 13: duplicate key "amount"',
    );
    expect(problemOf('[{"a":1},{"a":1}]')).toBe('none');
    const long = 'k'.repeat(100);
    expect(problemOf(`{"${long}":1,"${long}":2}`)).toBe(
      `line 1, column 107: duplicate key "${'k'.repeat(64)}…"`,
    );
  });

  test('W-12: takes keys that objects inherit, as their own, and refuses __proto__ alone', () => {
    const text = '{"constructor":"me","prototype":1,"toString":null,"hasOwnProperty":{}}';
    const json = parseJson(text);
    expect(json).toEqual({ ok: true, value: JSON.parse(text) });
    expect(Object.keys(json.ok ? Object(json.value) : {})).toHaveLength(4);
    for (const key of ['__proto__', '__pro\\u0074o__']) {
      expect(problemOf(`{"${key}":{"admin":true}}`)).toBe(
        'line 1, column 2: the key __proto__ is not allowed',
      );
    }
  });

  test('W-10: passes over one byte order mark, and refuses bytes that are no UTF-8', () => {
    expect(parseJson('\ufeff{"a":1}')).toEqual({ ok: true, value: { a: 1 } });
    expect(parseJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31))).toEqual({ ok: true, value: 1 });
    expect(problemOf('\ufeff\ufeff1')).toBe('line 1, column 1: expected a value');
    expect(problemOf(Uint8Array.of(0x22, 0xff, 0x22))).toBe('expected UTF-8');
    expect(problemOf(Uint8Array.of(0xff, 0xfe, 0x31, 0))).toBe('expected UTF-8');
  });

  test('W-12: bounds the nesting and the size, each before anything is built', () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    const { frame } = LIMITS.depth;
    expect(parseJson(nested(frame)).ok).toBe(true);
    expect(problemOf(nested(frame + 1))).toBe(`line 1, column 38: nested deeper than ${frame}`);
    expect(problemOf('{"a":'.repeat(200_000))).toContain('nested deeper');
    expect(problemOf('x'.repeat(LIMITS.frame + 1))).toBe(
      'expected at most 1048576 characters, got 1048577',
    );
    expect(parseJson(new Uint8Array(11), { size: 10 })).toMatchObject({
      problem: { en: 'expected at most 10 bytes, got 11' },
    });
  });

  test('bounds the keys of an object, which cost most', () => {
    const object = (count: number) =>
      `{${Array.from({ length: count }, (_, at) => `"k${at}":0`).join()}}`;
    expect(parseJson(object(LIMITS.keys)).ok).toBe(true);
    expect(problemOf(`[${object(LIMITS.keys)},${object(LIMITS.keys)}]`)).toBe('none');
    expect(problemOf(object(LIMITS.keys + 1))).toMatch(/expected at most 4096 keys in an object$/);
  });

  test('says of each mistake what was expected, and never what came', () => {
    const mistakes: [string, string][] = [
      ['', 'line 1, column 1: expected a value'],
      ['{"a" 1}', 'line 1, column 6: expected :'],
      ['{"a":1 "secret":2}', 'line 1, column 8: expected , or }'],
      ['[1 2]', 'line 1, column 4: expected , or ]'],
      ['{"a":1,}', 'line 1, column 8: expected a key in quotes'],
      ['[1,]', 'line 1, column 4: expected a value'],
      ['{\n  "a": 01\n}', 'line 2, column 9: expected , or }'],
      ['{"a":"b\n"}', 'line 1, column 8: control character in a text'],
      ['"\\x41"', 'line 1, column 2: invalid escape in a text'],
      ['"abc', 'line 1, column 1: a text without its end'],
      ['1 secret', 'line 1, column 3: expected nothing after the value'],
      ["{'a':1}", 'line 1, column 2: expected a key in quotes'],
      ['NaN', 'line 1, column 1: expected a value'],
    ];
    for (const [text, said] of mistakes) expect(problemOf(text), text).toBe(said);
  });
});

function hasNoProto(text: string): boolean {
  return !text.includes('__proto__');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
