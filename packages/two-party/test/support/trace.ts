/** Runs a session through events, and tells everything that it did. */
import { type Deed, type Effect, isDeed } from '../../src/effects.ts';
import type { Happening } from '../../src/events.ts';
import { reduce } from '../../src/reduce.ts';
import type { State } from '../../src/state.ts';
import type { Facts } from '../../src/terms.ts';

/** One event with what it did. */
export interface Done {
  readonly happening: Happening;
  readonly facts: Facts;
  readonly before: State;
  readonly state: State;
  readonly effects: readonly Effect[];
}

/**
 * Whether each write of an end, and each activation, comes off; the last one goes on for ever. A write may also take its
 * time.
 */
export type Luck = readonly (boolean | 'later')[];

type Answered = Deed | Extract<Effect, { readonly do: 'keep' }>;

/** What is answered to an effect, if nothing else comes first. */
function answerTo(deed: Answered, isLucky: boolean): Happening {
  switch (deed.do) {
    case 'activate':
      return isLucky
        ? { type: 'activated' }
        : { type: 'failed', code: 'internal', reason: 'the disk is full' };
    case 'judge':
      return { type: 'judged', verdict: deed.verdict };
    case 'keep':
      return { type: isLucky ? 'kept' : 'unkept' };
    default:
      return deed satisfies never;
  }
}

function isAnswered(effect: Effect): effect is Answered {
  return isDeed(effect) || effect.do === 'keep';
}

/** Lets a session hear events, and answers its deeds at once. */
export function trace(
  from: State,
  heard: readonly (readonly [Happening, Facts])[],
  luck: Luck = [true],
): Done[] {
  const done: Done[] = [];
  let turns = 0;
  let before = from;
  for (const [first, facts] of heard) {
    for (let next: Happening | undefined = first; next !== undefined; ) {
      const { state, effects } = reduce(before, { ...next, facts });
      done.push({ happening: next, facts, before, state, effects });
      before = state;
      const last = effects.at(-1);
      if (last === undefined || !isAnswered(last)) break;
      const isLucky = luck[Math.min(turns, luck.length - 1)] ?? true;
      turns += 1;
      if (last.do === 'keep' && isLucky === 'later') break;
      next = answerTo(last, isLucky !== false);
    }
  }
  return done;
}
