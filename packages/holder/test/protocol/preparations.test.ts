import { expect, test } from 'vitest';
import { Preparations } from '../../src/protocol/preparations.ts';

test('the keys of a session are taken once, and are those that its certificate names', () => {
  const preparations = new Preparations();
  const named = preparations.make('s1');
  preparations.make('s2');
  const { nonce, keys } = preparations.take('s1') ?? { nonce: undefined, keys: undefined };
  expect({ nonce, x25519: keys?.x25519, ed25519: keys?.ed25519 }).toEqual(named);
  expect(preparations.take('s1')).toBeUndefined();
});

test('a session that ended before its start has none', () => {
  const preparations = new Preparations();
  preparations.make('s1');
  preparations.discard('s1');
  expect(preparations.take('s1')).toBeUndefined();
});
