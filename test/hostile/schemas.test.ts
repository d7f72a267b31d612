import { afterEach, describe, expect, test, vi } from 'vitest';
import type { z } from 'zod';
import { describeIssues } from '@quorate/wire';
import { accepts, at, placesIn, replaced, samplesOf } from './support/samples.ts';
import { checksOf, definitionOf, everySchema, wireSchemas } from './support/schemas.ts';
import { WORST_TEXTS } from './support/worst.ts';

const schemas = wireSchemas();
const everything = everySchema(schemas);
const texts = everything.filter(({ schema }) => definitionOf(schema).type === 'string');

afterEach(() => vi.restoreAllMocks());

/** With this zod counts the characters of a text that has more units than its limit: once through it. */
const COUNTING = '[\\uD800-\\uDBFF]';

/** How long the longest text was that a function of unlimited cost was given. */
function longestLookedAt(work: () => void): number {
  const normalize = vi.spyOn(String.prototype, 'normalize');
  // Every use of a regular expression ends here.
  const exec = vi.spyOn(RegExp.prototype, 'exec');
  work();
  const lengths = [
    ...normalize.mock.contexts.map((text) => String(text).length),
    ...exec.mock.calls.flatMap(([text], call) =>
      (exec.mock.contexts[call] as RegExp).source === COUNTING ? [] : [text.length],
    ),
  ];
  vi.restoreAllMocks();
  return Math.max(0, ...lengths);
}

describe('X-1: every schema of the wire', () => {
  test('is found', () => {
    expect(schemas.length).toBeGreaterThan(150);
    expect(texts.length).toBeGreaterThan(60);
  });

  test.each(texts)('$name: the first check of a text is its length, and it ends there', (text) => {
    const [length] = checksOf(text.schema);
    const definition = length?._zod.def as z.core.$ZodCheckMaxLengthDef | undefined;
    expect(definition).toMatchObject({ check: 'max_length', abort: true });
    const { maximum } = definition as z.core.$ZodCheckMaxLengthDef;
    // A character is at most two units.
    const seen = longestLookedAt(() => {
      for (const [name, worst] of Object.entries(WORST_TEXTS)) {
        expect(accepts(text.schema, worst), name).toBe(false);
      }
    });
    expect(seen).toBeLessThanOrEqual(maximum * 2);
  });

  test.each(everything.filter(({ schema }) => definitionOf(schema).type === 'array'))(
    '$name: a list has a longest length',
    ({ schema }) => {
      expect(checksOf(schema).map((check) => check._zod.def.check)).toContain('max_length');
    },
  );

  test.each(schemas)('$name refuses a mebibyte in each of its texts', ({ schema }) => {
    const [worst] = Object.values(WORST_TEXTS);
    for (const sample of samplesOf(schema)) {
      expect(accepts(schema, sample)).toBe(true);
      const places = placesIn(sample).filter((path) => typeof at(sample, path) === 'string');
      const seen = longestLookedAt(() => {
        for (const path of places) {
          expect(accepts(schema, replaced(sample, path, worst)), path.join('.')).toBe(false);
        }
      });
      expect(seen).toBeLessThanOrEqual(LONGEST);
    }
  });
});

/** Units of the longest text of any schema: an encrypted shard. */
const LONGEST = 256 * 1024;

describe('W-11: every form of a field', () => {
  const hostile = ['\u0007', 'e\u0301', '~~', ' a ', `a${'\u0300'.repeat(31)}`, '\u202e', ''];

  test.each(texts)('$name is told in words, in both languages', ({ schema }) => {
    for (const value of hostile) {
      const parsed = (schema as z.ZodType).safeParse(value);
      if (parsed.success) continue;
      const en = describeIssues(parsed.error);
      const zhCN = describeIssues(parsed.error, 'zh-CN');
      expect(en, JSON.stringify(value)).toMatch(/^expected /);
      // No regular expression, and nothing left in English.
      expect(en).not.toMatch(/[\^$\\]|has another form/);
      expect(zhCN).toMatch(/[\u4e00-\u9fff]/);
      expect(zhCN).not.toMatch(/expected/);
    }
  });

  test.each(schemas)('$name refuses other types in words of both languages', ({ schema }) => {
    for (const sample of samplesOf(schema)) {
      for (const path of placesIn(sample)) {
        const parsed = (schema as z.ZodType).safeParse(replaced(sample, path, Symbol('other')));
        if (parsed.success) continue;
        expect(describeIssues(parsed.error, 'zh-CN')).not.toMatch(/expected|Invalid|symbol/);
      }
    }
  });
});
