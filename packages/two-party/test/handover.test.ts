// Shares on their way: to the key while that is locked, to the chip while their session ends.
import { expect, test } from 'vitest';
import type { Happening } from '../src/events.ts';
import type { Facts } from '../src/terms.ts';
import { calm, opened, TO } from './generators.ts';
import { termsOf } from './support/parties.ts';
import { trace } from './support/trace.ts';

const terms = termsOf('refresh', 1, { initiator: 'own', asks: false });
const partnerStored: Happening = { type: 'sync', sync: { phase: 'stored' } };

/** A lock that is on disk as a missing permit, and not in the record of its key. */
const withoutRecord: Facts = (() => {
  const facts = calm(terms);
  return {
    ...facts,
    key: facts.key && { ...facts.key, lock: 'refreshable', unsaved: 'record' },
  };
})();

/** The effects of the last event after those that lead to a phase. */
function lastEffects(phase: 'storing' | 'stored', ...last: (readonly [Happening, Facts])[]) {
  const way = TO[phase](terms).map((event) => [event, calm(terms)] as const);
  return trace(opened(terms).state, [...way, ...last]).at(-1)?.effects ?? [];
}

test.each([
  ['its partner’s share came first', 'storing', partnerStored, { type: 'stored' }],
  ['its own share came first', 'stored', { type: 'sync', sync: {} }, partnerStored],
] as const)(
  'L-1b: P1 activates nothing while a record has no lock: %s',
  (_, phase, first, last) => {
    const before = [first, calm(terms)] as const;
    const locked = lastEffects(phase, before, [last, withoutRecord]);
    expect(locked.filter((effect) => effect.do === 'activate')).toEqual([]);
    expect(lastEffects(phase, before, [last, calm(terms)])).not.toEqual(locked);
  },
);

test.each([1, 2] as const)('P%i keeps the room of a share until it is on the chip', (index) => {
  const keygen = termsOf('keygen', index, { initiator: 'own', asks: false });
  const stop: Happening = { type: 'stopped', code: 'stopping', reason: 'the server is stopping' };
  const way = [...TO.storing(keygen), stop].map((event) => [event, calm(keygen)] as const);
  const ended = trace(opened(keygen).state, way);
  expect(ended.at(-1)?.state.phase).toBe('over');
  expect(ended.flatMap(({ effects }) => effects)).not.toContainEqual({ do: 'giveUpRoom' });
  const state = ended.at(-1)?.state ?? opened(keygen).state;
  const [late] = trace(state, [[{ type: 'stored' }, calm(keygen)]]);
  expect(late?.effects).toEqual([{ do: 'giveUpRoom' }, { do: 'discard' }]);
});

test('P2 keeps a share that it said it has stored, P1 does not', () => {
  const discards = ([1, 2] as const).map((index) => {
    const keygen = termsOf('keygen', index, { initiator: 'own', asks: false });
    const end: Happening = { type: 'abort', code: 'aborted' };
    const way = [...TO.stored(keygen), end].map((event) => [event, calm(keygen)] as const);
    return trace(opened(keygen).state, way)
      .flatMap(({ effects }) => effects)
      .filter((effect) => effect.do === 'discard').length;
  });
  expect(discards).toEqual([1, 0]);
});
