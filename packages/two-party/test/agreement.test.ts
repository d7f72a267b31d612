// What a session does on its way to the protocol, told by examples.
import { describe, expect, test } from 'vitest';
import type { Effect } from '../src/effects.ts';
import type { Happening } from '../src/events.ts';
import type { Mail } from '../src/mail.ts';
import type { State } from '../src/state.ts';
import type { Facts, Terms } from '../src/terms.ts';
import { calm, opened, TO } from './generators.ts';
import { termsOf } from './support/parties.ts';
import { trace } from './support/trace.ts';

/** The state and effects after the last of these events, which follow the way to a phase. */
function after(
  terms: Terms,
  phase: keyof typeof TO,
  last: readonly Happening[],
  facts: Facts = calm(terms),
): { readonly state: State; readonly effects: readonly Effect[] } {
  const way = TO[phase](terms).map((event) => [event, calm(terms)] as const);
  const end = last.map((event) => [event, facts] as const);
  const done = trace(opened(terms).state, [...way, ...end]).at(-1);
  if (done === undefined) throw new Error('no event');
  return done;
}

const proposal = (type: Terms['type']): Terms =>
  termsOf(type, 1, { initiator: 'own', asks: false });
const preparing: Happening = { type: 'status', status: 'preparing' };
const awaiting: Happening = { type: 'status', status: 'awaiting_approval' };

describe('a partner that says where it stands', () => {
  test('gets time for its primes once, whatever it repeats', () => {
    const keygen = proposal('keygen');
    const once = after(keygen, 'proposed', [preparing]);
    expect(once.effects.map((effect) => effect.do)).toEqual([
      'giveUpTurn',
      'pause',
      'disarm',
      'arm',
    ]);
    for (const more of [preparing, awaiting]) {
      expect(after(keygen, 'proposed', [preparing, more])).toMatchObject({ effects: [] });
    }
  });

  test('gets none for a signature, which needs no primes', () => {
    expect(after(proposal('sign'), 'proposed', [preparing]).effects).toEqual([]);
  });

  test('gets time for a person once', () => {
    const sign = proposal('sign');
    expect(after(sign, 'proposed', [awaiting]).effects.map((effect) => effect.do)).toEqual([
      'giveUpTurn',
      'arm',
      'show',
    ]);
    expect(after(sign, 'proposed', [awaiting, awaiting]).effects).toEqual([]);
  });
});

test('the clock of the whole goes on, and that of the primes ends, when both agree', () => {
  for (const type of ['keygen', 'sign', 'refresh'] as const) {
    const agreed = after(proposal(type), 'proposed', TO.starting(proposal(type)).slice(-1));
    expect(agreed.effects.slice(0, 2)).toEqual([
      { do: 'disarm', which: 'preparing' },
      { do: 'resume' },
    ]);
  }
});

test('R-6: eight rounds that come too early are kept, and no more', () => {
  const mail: Mail = { type: 'pre_params', round: 1, plaintext: new Uint8Array(4), signature: '' };
  const early = Array.from({ length: 20 }, (): Happening => ({ type: 'round', mail }));
  const { state } = after(proposal('refresh'), 'proposed', early);
  expect(state).toMatchObject({ phase: 'proposed', early: Array.from({ length: 8 }, () => mail) });
});

describe('L-1b, Z-11: a key that changed while it was opened is not used', () => {
  const sign = proposal('sign');
  const { key } = calm(sign);
  test.each([
    ['has another epoch', { epoch: 1 }, 'epoch_mismatch'],
    ['is locked', { lock: 'refreshable' as const }, 'key_locked'],
    ['is retired', { lock: 'terminal' as const }, 'key_retired'],
  ])('one that %s', (_, change, code) => {
    const facts: Facts = { ...calm(sign), key: key && { ...key, ...change } };
    const way = TO.starting(sign).map((event) => [event, calm(sign)] as const);
    const done = trace(opened(sign).state, [...way, [{ type: 'held' }, facts]]);
    const effects = done.flatMap((one) => one.effects);
    expect(effects.filter((effect) => effect.do === 'start')).toEqual([]);
    const [end] = effects.filter((effect) => effect.do === 'keep');
    expect(end).toMatchObject({ shown: { error: { code } } });
  });
});

test('J-7: a farewell is the last word: what was not delivered before is not repeated', () => {
  const sign = proposal('sign');
  const stop: Happening = { type: 'stopped', code: 'stopping', reason: 'the server is stopping' };
  const { effects } = after(sign, 'signing', [stop]);
  expect(effects).toMatchObject([
    { do: 'clearMail' },
    { do: 'post', mail: { type: 'abort' } },
    { do: 'close' },
  ]);
});
