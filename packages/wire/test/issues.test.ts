import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { describeIssues } from '../src/index.ts';
import { TwoPartyKeygenRequest } from '../src/cosigner/index.ts';

const schema = z.strictObject({
  name: z.string().min(2).max(3).optional(),
  count: z.int().min(1).max(9).optional(),
  part: z.number().gt(0).lt(1).optional(),
  list: z.array(z.string()).min(1).max(2).optional(),
  hash: z.enum(['eip191', 'none', 'sha256']).optional(),
  on: z.boolean().optional(),
  id: z
    .string()
    .regex(/^[a-f]+$/)
    .optional(),
  either: z.union([z.string(), z.number()]).optional(),
  own: z.string().regex(/^x/, 'expected a name with x').optional(),
  maybe: z.union([z.string().max(2, { abort: true }), z.literal('')]).optional(),
  forms: z.union([z.strictObject({ a: z.string() }), z.strictObject({ b: z.string() })]).optional(),
  inner: z.strictObject({ must: z.string() }).optional(),
});

/** The words about a value. */
function said(value: unknown): string {
  const parsed = schema.safeParse(value);
  if (parsed.success) throw new Error('the schema took it');
  return describeIssues(parsed.error);
}

describe('a value that is not as its schema says', () => {
  test.each([
    [{ name: 1 }, 'name: expected text'],
    [{ name: 'a' }, 'name: expected at least 2 characters'],
    [{ name: 'abcd' }, 'name: expected at most 3 characters'],
    [{ count: 'x' }, 'count: expected a number'],
    [{ count: 1.5 }, 'count: expected a whole number'],
    [{ count: 0 }, 'count: expected at least 1'],
    [{ part: 0 }, 'part: expected more than 0'],
    [{ part: 1 }, 'part: expected less than 1'],
    [{ list: 'x' }, 'list: expected a list'],
    [{ list: [] }, 'list: expected at least 1 entry'],
    [{ list: ['a', 'b', 'c'] }, 'list: expected at most 2 entries'],
    [{ list: [7] }, 'list.0: expected text'],
    [{ hash: 'md5' }, 'hash: expected eip191, none or sha256'],
    [{ on: 'yes' }, 'on: expected true or false'],
    [{ id: 'x' }, 'id: does not have the expected form'],
    [{ either: [] }, 'either: expected text, or expected a number'],
    [{ maybe: 'xyz' }, 'maybe: expected at most 2 characters, or nothing'],
    [{ forms: {} }, 'forms: has none of the expected forms'],
    [{ own: 'a' }, 'own: expected a name with x'],
    [{ inner: {} }, 'inner.must: is missing; expected text'],
    [{ inner: 3 }, 'inner: expected an object'],
    [{ what: 1 }, 'unknown field what'],
    [null, 'expected an object'],
  ])('%j is told by field and expectation', (value, sentence) => {
    expect(said(value)).toBe(sentence);
  });

  test.each([
    [{ name: 1 }, 'name: 应为文本'],
    [{ name: 'a', count: 0 }, 'name: 应至少为 2 个字符；count: 应至少为 1'],
    [{ part: 1 }, 'part: 应小于 1'],
    [{ list: ['a', 'b', 'c'] }, 'list: 不得超过 2 项'],
    [{ hash: 'md5' }, 'hash: 应为 eip191、none 或 sha256'],
    [{ id: 'x' }, 'id: 格式不符合要求'],
    [{ either: [] }, 'either: 应为文本，或应为数字'],
    [{ maybe: 'xyz' }, 'maybe: 不得超过 2 个字符，或留空'],
    [{ inner: {} }, 'inner.must: 缺失，应为文本'],
    [{ what: 1 }, '未知字段 what'],
  ])('W-11: %j is told in Chinese too', (value, sentence) => {
    const parsed = schema.safeParse(value);
    expect(parsed.success ? '' : describeIssues(parsed.error, 'zh-CN')).toBe(sentence);
  });

  test('R-12 is never repeated in the sentence', () => {
    const secret = 'hunter2';
    const values = [{ name: secret }, { count: secret }, { hash: secret }, { inner: secret }];
    for (const value of values) expect(said(value)).not.toContain(secret);
  });

  test('of REST says which field is missing', () => {
    const parsed = TwoPartyKeygenRequest.safeParse({});
    expect(parsed.success ? '' : describeIssues(parsed.error)).toBe(
      'partner: is missing; expected text',
    );
  });
});
