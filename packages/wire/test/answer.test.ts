import { expect, test } from 'vitest';
import { z } from 'zod';
import { readAnswer } from '../src/answer.ts';

const schema = z.strictObject({
  name: z.string(),
  keys: z.array(z.strictObject({ id: z.int(), label: z.strictObject({ text: z.string() }) })),
});
const good = { name: 'a', keys: [{ id: 1, label: { text: 'b' } }] };

test('leaves out the fields that a newer server added, at any depth', () => {
  const newer = {
    ...good,
    added: 1,
    keys: [{ id: 1, label: { text: 'b', colour: 'red' }, algorithm: 'x' }],
  };
  const before = structuredClone(newer);
  expect(readAnswer(schema, newer)).toEqual({ success: true, data: good });
  expect(newer).toEqual(before);
});

test('refuses a wrong or missing field, with and without an added one', () => {
  const wrong = { ...good, name: 1, added: true };
  const codesOf = (value: unknown) =>
    readAnswer(schema, value).error?.issues.map(({ code }) => code);
  expect(codesOf(wrong)).toContain('invalid_type');
  expect(codesOf({ keys: [] })).toEqual(['invalid_type']);
  expect(codesOf({ ...good, keys: [{ id: 'x', label: { text: 'b' }, more: 1 }] })).toContain(
    'invalid_type',
  );
  for (const value of [null, undefined, 'text', [], 7]) {
    expect(codesOf(value)).toEqual(['invalid_type']);
  }
});

test('a name that every object inherits is an added field like any other', () => {
  const newer: unknown = JSON.parse('{"name":"a","keys":[],"__proto__":{"x":1},"constructor":2}');
  expect(readAnswer(schema, newer)).toEqual({ success: true, data: { name: 'a', keys: [] } });
});
