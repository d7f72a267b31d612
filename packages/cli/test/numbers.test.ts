import { InvalidArgumentError } from 'commander';
import { expect, test } from 'vitest';
import { seconds, wholeNumber } from '../src/numbers.ts';

test('W-11: a number is decimal digits within its bounds, and nothing is no zero', () => {
  const parse = wholeNumber(0, 3600);
  expect(['0', '7', '007', '3600'].map(parse)).toEqual([0, 7, 7, 3600]);
  for (const text of ['', ' ', '-1', '+1', '1.5', '1e3', '0x10', '3601', '9'.repeat(400), '１']) {
    expect(() => parse(text), text).toThrow(new InvalidArgumentError('0 to 3600'));
  }
});

test('W-11: the greatest number that is exact is taken, and the next is not', () => {
  const parse = wholeNumber(1, Number.MAX_SAFE_INTEGER);
  expect(parse('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
  expect(() => parse('9007199254740992')).toThrow(InvalidArgumentError);
  expect(() => parse('9007199254740993')).toThrow(InvalidArgumentError);
});

test('W-11: seconds may have a fraction, and are nothing else than that', () => {
  const parse = seconds(0, 3600);
  expect(['0', '0.1', '12.5'].map(parse)).toEqual([0, 0.1, 12.5]);
  for (const text of ['', '.', '.5', '5.', '1e3', '-1', '3600.1', 'Infinity']) {
    expect(() => parse(text), text).toThrow(new InvalidArgumentError('0 to 3600'));
  }
});
