import { expect, test } from 'vitest';
import { echoHash } from '../src/agreement.ts';
import { distinct, some } from './support/distinct.ts';

test('T6, S6: the echo is another for another session, round, sender, body, order and number of broadcasts', () => {
  const said = [1, 2].map((from) => ({ from, body: some(`body/${from}`) }));
  const [first, second] = said;
  if (first === undefined || second === undefined) throw new Error('no broadcasts');
  const echo = echoHash(some('sid'));
  const all = [
    echo(1, said),
    echoHash(some('other sid'))(1, said),
    echo(2, said),
    echo(1, [first, { ...second, from: 3 }]),
    echo(1, [first, { ...second, body: some('other body') }]),
    echo(1, [second, first]),
    echo(1, [first]),
  ];
  expect(distinct(all)).toBe(all.length);
});
