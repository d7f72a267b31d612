import { expect, test } from 'vitest';
import { EndedSessions } from '../../src/ceremonies/ended.ts';

test('the last sessions that ended are remembered, and no more of them', () => {
  const ended = new EndedSessions(3);
  for (const name of ['a', 'b', 'c', 'c', 'd']) ended.add(name);
  expect(['a', 'b', 'c', 'd'].filter((name) => ended.has(name))).toEqual(['b', 'c', 'd']);
});
