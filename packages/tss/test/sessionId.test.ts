import { expect, test } from 'vitest';
import { deriveSessionId } from '../src/index.ts';
import { distinct, some } from './support/distinct.ts';

test('S2, F-4: the id of round 0 is another for each certificate, their order, their number and the key', () => {
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(some);
  if (!a || !b || !c || !d) throw new Error('no certificates');
  const all = [
    deriveSessionId(null, [a, b, c]),
    deriveSessionId(null, [d, b, c]),
    deriveSessionId(null, [a, d, c]),
    deriveSessionId(null, [a, b, d]),
    deriveSessionId(null, [b, a, c]),
    deriveSessionId(null, [a, b]),
    deriveSessionId(null, [a, b, c, c]),
    deriveSessionId(some('key'), [a, b, c]),
    deriveSessionId(some('other key'), [a, b, c]),
    deriveSessionId(new Uint8Array(32), [a, b, c]),
  ];
  expect(distinct(all)).toBe(all.length);
});
