import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CHIP_LABELS, framed, hashFramed, LABELS, toHex } from '../src/index.ts';

const tuple = fc.tuple(
  fc.string({ maxLength: 8 }).filter((text) => !/\p{Surrogate}/u.test(text)),
  fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 5 }),
);

test('F-1: framing is injective: two different tuples never have the same bytes', () => {
  fc.assert(
    fc.property(tuple, tuple, ([labelA, a], [labelB, b]) => {
      const same =
        labelA === labelB && JSON.stringify(a.map(toHex)) === JSON.stringify(b.map(toHex));
      expect(toHex(framed(labelA, ...a)) === toHex(framed(labelB, ...b))).toBe(same);
    }),
    { numRuns: 1000 },
  );
});

test('F-1: moving a byte from one field, or from the label, to the next changes the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.nat(), fc.nat(), (all, x, y) => {
      const cut = (at: number): string => {
        const k = at % (all.length + 1);
        return toHex(framed('l', all.slice(0, k), all.slice(k)));
      };
      expect(cut(x) === cut(y)).toBe(x % (all.length + 1) === y % (all.length + 1));
    }),
  );
  expect(toHex(framed('ab', Uint8Array.of(1)))).not.toBe(toHex(framed('a', Uint8Array.of(98, 1))));
  expect(toHex(framed('a'))).not.toBe(toHex(framed('a', new Uint8Array(0))));
});

test('framing has the frozen form of docs/spec/intent.md', () => {
  expect(toHex(framed('ab', Uint8Array.of(1, 2), new Uint8Array(0)))).toBe(
    '0000000000000002' + '6162' + '0000000000000002' + '0000000000000002' + '0102' + '0'.repeat(16),
  );
  expect(toHex(hashFramed('quorate/v1/test'))).toBe(
    '756c68f2ebacf1a372e685c486abfc9f22c8f3426226ab8ae8a7a3b0c7365e4f',
  );
});

test('labels are unique and start with the product and version', () => {
  const flatten = (value: object): string[] =>
    Object.values(value).flatMap((item) => (typeof item === 'string' ? [item] : flatten(item)));
  const labels = flatten(LABELS);
  expect(new Set(labels).size).toBe(labels.length);
  expect(labels.every((label) => label.startsWith('quorate/v1/'))).toBe(true);
  expect(new Set(Object.values(CHIP_LABELS)).size).toBe(5);
});
