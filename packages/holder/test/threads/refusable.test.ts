import { InputError } from '@quorate/tss';
import { expect, test } from 'vitest';
import { HolderError } from '../../src/errors.ts';
import { refusable } from '../../src/threads/refusable.ts';

test.each([
  [new HolderError('shard/tampered', 'it does not open'), 'shard/tampered'],
  [new RangeError('the key was locked'), undefined],
])('a fault of this machine or its input is a refusal: %s', (error, code) => {
  expect(refusable(error)).toEqual({ code, message: error.message });
});

test('an error of the protocol’s input is a refusal under its code', () => {
  const error = new InputError('input/threshold', 'threshold 4 not in 2..3');
  expect(refusable(error)).toEqual({ code: 'input/threshold', message: error.message });
});

test.each([new TypeError('undefined is not a function'), new Error('unreachable: two'), 'text'])(
  'a fault of our own is none: %s',
  (error) => expect(refusable(error)).toBeUndefined(),
);
