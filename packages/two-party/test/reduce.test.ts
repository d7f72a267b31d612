// Sessions of every phase under events in any order: what may never happen, whatever comes.
import { decodeMail } from '../src/mail.ts';
import { PeerSync } from '@quorate/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Effect } from '../src/effects.ts';
import { type State, isLiving } from '../src/state.ts';
import type { Facts, Terms } from '../src/terms.ts';
import { calm, eventsFor, factsFor, opened, TO, termsIn } from './generators.ts';
import { type Done, trace } from './support/trace.ts';

type Phase = keyof typeof TO;
const PHASES = Object.keys(TO) as Phase[];

/** A session that has come to a phase, and what happens to it from there. */
interface Drawn {
  readonly terms: Terms;
  readonly done: readonly Done[];
}

const unwritten = (terms: Terms): Facts => {
  const { key, ...facts } = calm(terms);
  return { ...facts, key: key && { ...key, lock: 'refreshable', unsaved: 'lock' } };
};

/** The events that lead to a phase. */
function way(
  terms: Terms,
  phase: Phase,
): (readonly [ReturnType<(typeof TO)[Phase]>[number], Facts])[] {
  const events = TO[phase](terms);
  return events.map((event, at) => [
    event,
    phase === 'silent' && at === events.length - 1 ? unwritten(terms) : calm(terms),
  ]);
}

const ways = new Map<string, readonly Done[]>();

/** What a session does until it comes to a phase; certificates are checked once. */
function beginning(terms: Terms, phase: Phase): readonly Done[] {
  const name = [phase, terms.type, terms.index, terms.initiator, terms.asks].join();
  const known = ways.get(name) ?? trace(opened(terms).state, way(terms, phase));
  ways.set(name, known);
  return known;
}

const drawn = (phase: Phase): fc.Arbitrary<Drawn> =>
  termsIn(phase).chain((terms) =>
    fc
      .record({
        events: eventsFor(terms).chain((events) =>
          fc.tuple(
            ...events.map((event) => factsFor(terms).map((facts) => [event, facts] as const)),
          ),
        ),
        luck: fc.array(fc.constantFrom(true, false, 'later' as const), {
          minLength: 1,
          maxLength: 4,
        }),
      })
      .map(({ events, luck }) => {
        const start = beginning(terms, phase);
        const state = start.at(-1)?.state ?? opened(terms).state;
        return { terms, done: [...start, ...trace(state, events, luck)] };
      }),
  );

const effectsOf = (done: readonly Done[]): Effect[] => done.flatMap(({ effects }) => effects);
const postsOf = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.do === 'post' ? [effect.mail] : []));
const says = (done: Done, phase: 'stored' | 'active'): boolean =>
  postsOf(done.effects).some(
    ({ type, plaintext }) =>
      type === 'session_sync' && decodeMail(PeerSync, plaintext)?.phase === phase,
  );

/** P2 has said the word after which only P1 knows what comes of it. */
const hasLeft = (terms: Terms, before: readonly Done[]): boolean =>
  terms.index === 2 &&
  before.some(
    (done) =>
      says(done, 'stored') || postsOf(done.effects).some(({ type }) => type === 'sign_p2_partial'),
  );

/** What may never happen, whatever comes. */
const RULES: { readonly [rule: string]: (drawn: Drawn) => void } = {
  'ends at most once, and then does nothing but end what was under way': ({ done }) => {
    const closed = done.findIndex(({ effects }) => effects.some((effect) => effect.do === 'close'));
    expect(effectsOf(done).filter((effect) => effect.do === 'close').length).toBeLessThan(2);
    if (closed === -1) return;
    expect(done[closed]?.effects.at(-1)?.do).toBe('close');
    const late = new Set(effectsOf(done.slice(closed + 1)).map((effect) => effect.do));
    for (const allowed of ['judge', 'wipeShare', 'giveUpRoom', 'discard'] as const) {
      late.delete(allowed);
    }
    expect([...late]).toEqual([]);
  },

  'answers for each deed before anything else: it ends its list': ({ done }) => {
    for (const { effects } of done) {
      const deeds = effects.filter(({ do: what }) => ['activate', 'judge', 'keep'].includes(what));
      expect(deeds.length).toBeLessThan(2);
      if (deeds[0] !== undefined) expect(effects.at(-1)).toBe(deeds[0]);
    }
  },

  'G: P1’s signature is on disk before its last message leaves': ({ done }) => {
    for (const { happening, before, effects } of done) {
      if (!postsOf(effects).some(({ type }) => type === 'sign_done')) continue;
      const wasKept = before.phase === 'ending' && before.written === 'kept';
      expect(happening.type === 'kept' || wasKept).toBe(true);
    }
  },

  'a completed end that P1 cannot write is shown as failed, without a signature': ({
    terms,
    done,
  }) => {
    for (const { happening, before, effects } of done) {
      if (happening.type !== 'unkept' || before.phase !== 'ending') continue;
      if (before.end.status !== 'completed' || before.end.signature === null) continue;
      if (terms.index === 2 || before.written !== 'not yet') continue;
      expect(effects).toMatchObject([{ do: 'keep', shown: { status: 'failed', signature: null } }]);
    }
  },

  'D-10: says stored only when its share is, and active only when it is the key': ({
    done,
    terms,
  }) => {
    for (const one of done) {
      if (says(one, 'stored')) expect([one.happening.type, terms.index]).toEqual(['stored', 2]);
      if (says(one, 'active')) expect([one.happening.type, terms.index]).toEqual(['activated', 1]);
    }
  },

  'L-1b: activates nothing at P1 while the record does not say the lock': ({ terms, done }) => {
    if (terms.index === 2) return;
    for (const { facts, effects } of done) {
      const unsaved = facts.key?.unsaved ?? 'nothing';
      if (effects.some(({ do: what }) => what === 'activate')) expect(unsaved).toBe('nothing');
    }
  },

  'X-6: P1 delivers P2’s last message only as one that may lock the key': ({ terms, done }) => {
    if (terms.type !== 'sign') return;
    for (const effect of effectsOf(done)) {
      if (effect.do === 'deliver') expect(effect.frame.round).not.toBe(4);
      if (effect.do === 'deliverJudged') expect(effect.frame.round).toBe(4);
    }
  },

  'L-1b: silent, it tells the partner nothing until its lock is written': ({ done }) => {
    for (const { before, facts, effects } of done) {
      if (before.phase !== 'silent') continue;
      const spoken = effects.filter(({ do: what }) =>
        ['post', 'tell', 'certify', 'deliver', 'deliverJudged', 'start'].includes(what),
      );
      expect(spoken).toEqual([]);
      if (facts.key?.unsaved !== 'lock') continue;
      const ends = effects.some(({ do: what }) => what === 'keep');
      if (ends) expect(effects).toMatchObject([{}, {}, ...effects.slice(2)]);
    }
  },

  'L-1b: tells no partner of an end while the lock of its key is not on disk': ({ done }) => {
    for (const { facts, effects } of done) {
      if (facts.key?.unsaved !== 'lock') continue;
      expect(postsOf(effects).filter(({ type }) => type === 'abort')).toEqual([]);
    }
  },

  'Z-9: P2 has an unknown outcome exactly when its last word has left': ({ terms, done }) => {
    done.forEach(({ happening, effects }, at) => {
      const keep = effects.find((effect) => effect.do === 'keep');
      if (keep?.do !== 'keep' || happening.type === 'unkept') return;
      const open = keep.shown.status === 'unknown_outcome';
      const answered =
        happening.type === 'abort' && happening.code !== 'unknown_session' && terms.type === 'sign';
      const completed = keep.shown.status === 'completed';
      expect(open).toBe(hasLeft(terms, done.slice(0, at)) && !answered && !completed);
    });
  },

  'X-9: does nothing of the protocol when its time is over, but listen after its last word': ({
    terms,
    done,
  }) => {
    done.forEach(({ facts, effects, before }, at) => {
      if (facts.timeLeft > 0 || !isLiving(before)) return;
      if (hasLeft(terms, done.slice(0, at))) return;
      const went = effects.filter(({ do: what }) =>
        ['deliver', 'deliverJudged', 'start'].includes(what),
      );
      expect(went).toEqual([]);
      expect(postsOf(effects).filter(({ type }) => type.startsWith('sign_'))).toEqual([]);
    });
  },

  'R-8: the clock of the partner stands still while this side works, which says so': ({ done }) => {
    const running = new Set<string>();
    for (const { state, effects } of done) {
      for (const effect of effects) {
        if (effect.do === 'closeClocks') running.clear();
        else if (effect.do === 'arm') running.add(effect.which);
        else if (effect.do === 'disarm') running.delete(effect.which);
      }
      if (state.phase === 'storing') expect([...running]).toEqual(['working']);
      if (state.phase !== 'signing' && state.phase !== 'settingUp') continue;
      expect([...running]).toEqual([state.owed > 0 ? 'working' : 'step']);
    }
  },

  'hands on no share twice, and wipes what it does not store': ({ done }) => {
    for (const { happening, effects } of done) {
      if (happening.type !== 'share') continue;
      const taken = effects.filter(({ do: what }) => what === 'store' || what === 'wipeShare');
      expect(taken).toHaveLength(1);
    }
    expect(effectsOf(done).filter(({ do: what }) => what === 'store').length).toBeLessThan(2);
  },

  'R-6: starts once, keeps few early messages, and its state is plain data': ({ done }) => {
    expect(effectsOf(done).filter(({ do: what }) => what === 'start').length).toBeLessThan(2);
    for (const { state } of done) {
      if ('early' in state) expect(state.early.length).toBeLessThanOrEqual(8);
      expect(strangersIn(state)).toEqual([]);
    }
  },
};

describe.each(PHASES)('a session that is %s', (phase) => {
  test('is there, whoever runs it', () => {
    fc.assert(
      fc.property(termsIn(phase), (terms) => {
        expect(beginning(terms, phase).at(-1)?.state.phase ?? 'beginning').toBe(phase);
      }),
    );
  });

  test('keeps every rule, whatever comes', () => {
    fc.assert(
      fc.property(drawn(phase), (one) => {
        for (const [rule, holds] of Object.entries(RULES)) {
          try {
            holds(one);
          } catch (error) {
            throw new Error(rule, { cause: error });
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** Values that are neither texts, numbers, lists, plain objects nor bytes. */
function strangersIn(value: unknown): unknown[] {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return [];
  if (value instanceof Uint8Array) return [];
  if (Array.isArray(value)) return value.flatMap(strangersIn);
  // What a test draws has no prototype.
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null;
  return isPlain ? Object.values(value as State).flatMap(strangersIn) : [value];
}
