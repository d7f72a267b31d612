import { expect, test } from 'vitest';
import type { Happening } from '../src/events.ts';
import type { Facts } from '../src/terms.ts';
import { calm, opened, TO } from './generators.ts';
import { termsOf } from './support/parties.ts';
import { trace } from './support/trace.ts';

test('L-1b: a session that falls silent gives up what it waits for, and repeats nothing', () => {
  const terms = termsOf('sign', 1, { initiator: 'partner', asks: true });
  const { key, ...rest } = calm(terms);
  const unwritten: Facts = {
    ...rest,
    key: key && { ...key, lock: 'refreshable', unsaved: 'lock' },
  };
  const stop: Happening = { type: 'stopped', code: 'key_locked', reason: 'another session' };
  const way = TO.deciding(terms).map((event) => [event, calm(terms)] as const);
  const silenced = trace(opened(terms).state, [...way, [stop, unwritten]]).at(-1);
  expect(silenced?.state.phase).toBe('silent');
  expect(silenced?.effects).toEqual([
    { do: 'disarm', which: 'step' },
    { do: 'disarm', which: 'preparing' },
    { do: 'disarm', which: 'working' },
    { do: 'resume' },
    { do: 'clearMail' },
    { do: 'abandon' },
    { do: 'leaveThread' },
  ]);
});
