import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isBase64 } from '../src/base64.ts';

/** The form of RFC 4648 §4, as a regular expression. */
const FORM = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

test('a text is base64 exactly if it has the form, whatever its units are', () => {
  const unit = fc.oneof(
    fc.constantFrom(...Array.from('AZaz09+/=-_ \n\0')),
    fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  );
  const digits = fc.array(fc.constantFrom(...Array.from('AZaz09+/')), { maxLength: 12 });
  const texts = fc
    .tuple(digits, fc.array(unit, { maxLength: 3 }), fc.constantFrom('', '=', '==', '==='))
    .map(([head, tail, end]) => [...head, ...tail, end].join(''));
  fc.assert(
    fc.property(texts, (text) => isBase64(text) === FORM.test(text)),
    { numRuns: 20_000, seed: 1 },
  );
  expect(['', 'QQ==', 'QUE=', 'QUFB', 'QQ=', '====', 'QUFBQQ=='].map(isBase64)).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
    true,
  ]);
});
