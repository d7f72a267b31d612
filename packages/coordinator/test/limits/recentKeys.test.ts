import { expect, test } from 'vitest';
import { RecentKeys } from '../../src/limits/recentKeys.ts';

test('one key too many takes the place of the key that was set longest ago', () => {
  const keys = new RecentKeys<number>(2);
  keys.set('a', 1);
  keys.set('b', 2);
  keys.set('a', 3);
  keys.set('c', 4);
  expect([keys.get('a'), keys.get('b'), keys.get('c')]).toEqual([3, undefined, 4]);
});

test('a key that is deleted is not remembered', () => {
  const keys = new RecentKeys<number>();
  keys.set('a', 1);
  keys.delete('a');
  expect(keys.get('a')).toBeUndefined();
});
