/** The ways out of a session: its end, and the silence before it while a lock is not on disk. */
import { COSIGNER_CODES, type CosignerCode } from '@quorate/wire';
import type { Effect } from './effects.ts';
import type { Mail } from './mail.ts';
import { isOwedWord } from './clocks.ts';
import { type End, type Failure, failureOf, farewellOf, shownEnd } from './ending.ts';
import { encodeMail } from './mail.ts';
import type { Refusal } from './refusal.ts';
import {
  after,
  type Change,
  change,
  type Ending,
  hasLeftOutcome,
  type Living,
  type ShareAtEnd,
  type Silent,
} from './state.ts';
import type { Facts } from './terms.ts';

/** How an end is treated. */
interface Manner {
  /** Here alone. */
  readonly untold?: boolean;
  /** The partner said so, and it knows what came of the session. */
  readonly answered?: boolean;
}

/** Ends the session, or silences it while nobody may be told. */
export function finish(
  state: Living | Silent,
  facts: Facts,
  end: End,
  { untold = false, answered = false }: Manner = {},
): Change {
  if (!untold && facts.key?.unsaved === 'lock') return silence(state);
  const { terms, step } = state;
  const share = shareOf(state);
  const open = hasLeftOutcome(state) && !answered;
  const effects: Effect[] = [{ do: 'closeClocks' }, { do: 'leaveThread' }];
  // A share that is on its way to the chip keeps its place until it is there, and is discarded then.
  if (share !== 'on its way') effects.push({ do: 'giveUpRoom' });
  // P2 keeps what it said it has stored: only P1 knows whether it became the key.
  const unsaid = share === 'stored' && terms.index === 1;
  if (end.status !== 'completed' && unsaid) effects.push({ do: 'discard' });
  const shown = shownEnd(end, open);
  effects.push({ do: 'keep', shown });
  const ending: Ending = {
    phase: 'ending',
    terms,
    step,
    end,
    shown,
    written: 'not yet',
    untold,
    share,
  };
  return { state: ending, effects };
}

/** Something came of the session. */
export function complete(
  state: Living,
  facts: Facts,
  signature: string | null = null,
  last: readonly Mail[] = [],
): Change {
  return finish(state, facts, { status: 'completed', signature, last });
}

/** This side cannot go on; the partner is told. */
export function fail(
  state: Living | Silent,
  facts: Facts,
  code: CosignerCode,
  reason: string,
): Change {
  return finish(state, facts, failureOf({ code, reason }));
}

/** Ends without a fault on this side: by a person, by a failed check. */
export function abort(state: Living, facts: Facts, refusal: Refusal): Change {
  return finish(state, facts, { status: 'aborted', ...refusal });
}

/** Ended by the partner; one that does not know the session does not know what came of it either. */
export function partnerAborted(state: Living, facts: Facts, code: CosignerCode): Change {
  const { type, partner } = state.terms;
  const reason = `by ${partner.name}: ${COSIGNER_CODES[code].en}`;
  // Only the key record settles a share that waits.
  const answered = type === 'sign' && code !== 'unknown_session';
  return finish(state, facts, { status: 'aborted', code, reason }, { answered });
}

/** Goes on if the time of the session is not over; after its last word it listens on. */
export function inTime(state: Living, facts: Facts, then: () => Change): Change {
  if (facts.timeLeft > 0 || hasLeftOutcome(state)) return then();
  return fail(state, facts, 'timeout', 'the time of the session is over (session)');
}

/** Its time is over: the reason names the partner only if its word was waited for. */
export function tooLate(
  state: Living,
  facts: Facts,
  which: 'step' | 'preparing' | 'session',
): Change {
  const { partner } = state.terms;
  if (state.phase === 'queued') {
    return fail(state, facts, 'too_many_sessions', `its turn did not come in time (${which})`);
  }
  const who = isOwedWord(state) ? `${partner.name} was waited for` : 'this side took';
  return fail(state, facts, 'timeout', `${who} too long (${which})`);
}

/**
 * The end is on disk, or cannot be put there: now its last word leaves, unless a lock of the key has come in between that
 * is not on disk. Then that is waited for.
 */
export function settle(state: Ending, facts: Facts, written: 'kept' | 'unkept'): Change {
  const { terms, step, end, shown, share, untold } = state;
  if (end.status === 'completed' && end.signature !== null && terms.index === 1) {
    if (written === 'unkept') return withoutSignature(state);
  }
  if (!untold && facts.key?.unsaved === 'lock') return change({ ...state, written });
  const words: Effect[] =
    end.status === 'completed'
      ? end.last.map((mail) => ({ do: 'post', mail }))
      : untold
        ? []
        : farewell(end);
  const late: Effect[] = written === 'kept' ? [] : [{ do: 'show', change: shown }];
  return change({ phase: 'over', terms, step, share }, ...late, ...words, { do: 'close' });
}

/**
 * P1's signature that cannot be written is none: what P1 says after a restart must be what it said before, and nobody
 * has seen it.
 */
function withoutSignature(state: Ending): Change {
  const end = failureOf({ code: 'internal', reason: 'the signature cannot be written' });
  const shown = { ...shownEnd(end, false), signature: null, step: state.step };
  return change({ ...state, end, shown }, { do: 'keep', shown });
}

function farewell({ code }: Failure): Effect[] {
  const plaintext = encodeMail(farewellOf(code));
  return [
    { do: 'clearMail' },
    { do: 'post', mail: { type: 'abort', round: 0, plaintext, signature: '' } },
  ];
}

/** Tells the partner nothing until the lock is on disk; here the end comes with the deadline at the latest. */
function silence(state: Living | Silent): Change {
  if (state.phase === 'silent') return change(state);
  const { terms, step } = state;
  const silent: Silent = {
    phase: 'silent',
    terms,
    step,
    outcomeLeft: hasLeftOutcome(state),
    share: shareOf(state),
  };
  return after(
    [
      { do: 'disarm', which: 'step' },
      { do: 'disarm', which: 'preparing' },
      { do: 'disarm', which: 'working' },
      { do: 'resume' },
      { do: 'clearMail' },
      { do: 'abandon' },
      { do: 'leaveThread' },
    ],
    change(silent),
  );
}

function shareOf(state: Living | Silent): ShareAtEnd {
  if (state.phase === 'silent') return state.share;
  if (state.phase === 'storing') return 'on its way';
  return state.phase === 'stored' ? 'stored' : 'none';
}
