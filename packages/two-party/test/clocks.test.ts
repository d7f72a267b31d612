// Whose time it is: a deadline names the partner only if its word was waited for.
import { PeerSync } from '@quorate/wire';
import { describe, expect, test } from 'vitest';
import type { Effect } from '../src/effects.ts';
import type { Happening } from '../src/events.ts';
import { decodeMail } from '../src/mail.ts';
import type { Facts, Terms } from '../src/terms.ts';
import { calm, opened, TO } from './generators.ts';
import { termsOf } from './support/parties.ts';
import { trace } from './support/trace.ts';

const sign = termsOf('sign', 1, { initiator: 'own' });
const keygen = termsOf('keygen', 1, { initiator: 'own' });
const done: Happening = { type: 'frames', frames: [] };
const late = (which: 'step' | 'working' | 'session'): Happening => ({ type: 'late', which });

/** The effects of the last of these events, which follow the way to a phase. */
function effectsOf(
  terms: Terms,
  phase: keyof typeof TO,
  last: readonly Happening[],
): readonly Effect[] {
  const facts: Facts = calm(terms);
  const events = [...TO[phase](terms), ...last].map((event) => [event, facts] as const);
  const all = trace(opened(terms).state, events);
  return all.findLast(({ happening }) => happening === last.at(-1))?.effects ?? [];
}

function endOf(terms: Terms, phase: keyof typeof TO, last: readonly Happening[]): unknown {
  const keep = effectsOf(terms, phase, last).find((effect) => effect.do === 'keep');
  return keep?.do === 'keep' ? keep.shown.error : undefined;
}

describe('R-8: a session whose time is over', () => {
  test('before its turn came says that there were too many, and names nobody', () => {
    expect(endOf(sign, 'queued', [late('session')])).toEqual({
      code: 'too_many_sessions',
      message: 'too many sessions at once: its turn did not come in time (session)',
    });
  });

  test.each([
    ['while the thread works', sign, 'signing', []],
    ['while its share is on its way to the chip', keygen, 'storing', []],
    ['while its certificate is made', sign, 'certifying', []],
    ['while a key opens', sign, 'starting', []],
  ] as const)('%s does not name the partner', (_, terms, phase, more) => {
    expect(endOf(terms, phase, [...more, late('session')])).toEqual({
      code: 'timeout',
      message: 'the time ran out: this side took too long (session)',
    });
  });

  test.each([
    ['for its certificate', sign, 'proposed', []],
    ['for its message', sign, 'signing', [done]],
    ['for its word that it stored its share', keygen, 'stored', []],
  ] as const)('that waited for the partner, %s, names it', (_, terms, phase, more) => {
    expect(endOf(terms, phase, [...more, late('step')])).toEqual({
      code: 'timeout',
      message: 'the time ran out: phone was waited for too long (step)',
    });
  });
});

describe('a side that works', () => {
  test.each([
    ['on a message', sign, 'signing', 10 / 3],
    ['on its new share', keygen, 'storing', 20],
  ] as const)('%s says so, again and again', (_, terms, phase, seconds) => {
    const effects = effectsOf(terms, phase, [late('working')]);
    const [tell, ...clocks] = effects;
    const mail = tell?.do === 'tell' ? tell.mail : undefined;
    expect(mail?.type).toBe('session_sync');
    expect(decodeMail(PeerSync, mail?.plaintext ?? new Uint8Array())).toEqual({
      status: 'running',
    });
    expect(clocks).toEqual([
      { do: 'disarm', which: 'step' },
      { do: 'arm', which: 'working', seconds },
    ]);
  });

  test('says nothing once it waits for the partner', () => {
    expect(effectsOf(sign, 'signing', [done, late('working')])).toEqual([]);
  });

  test('is at work until each message is answered, whether or not there is something to say', () => {
    const mail = { type: 'sign_p2_nonce', round: 2, plaintext: new Uint8Array(), signature: '' };
    const round = { type: 'round', mail } as Happening;
    expect(effectsOf(sign, 'signing', [round, done])).toEqual([]);
    expect(effectsOf(sign, 'signing', [round, done, { ...done }]).map(({ do: it }) => it)).toEqual([
      'disarm',
      'arm',
    ]);
  });
});

describe('a partner that says that it works', () => {
  const works: Happening = { type: 'sync', sync: { status: 'running' } };

  test('has the time of a step from then on', () => {
    const arm = (seconds: number): Effect => ({ do: 'arm', which: 'step', seconds });
    expect(effectsOf(sign, 'signing', [done, works])).toEqual([arm(10)]);
    expect(effectsOf(keygen, 'stored', [works])).toEqual([arm(60)]);
  });

  test('gets none while this side works, nor before its certificate', () => {
    expect(effectsOf(sign, 'signing', [works])).toEqual([]);
    expect(effectsOf(sign, 'proposed', [works])).toEqual([]);
  });
});
