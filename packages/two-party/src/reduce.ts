/**
 * The session of two parties: a pure function of where it stands and of what it hears. Whoever runs it carries out the
 * effects, and answers them by events.
 */
import type { CosignerCode, PeerSync } from '@quorate/wire';
import {
  certified,
  decided,
  heard,
  prepared,
  primed,
  replied,
  reserved,
  turned,
} from './agreement.ts';
import { partnerWorks, sayWorking } from './clocks.ts';
import type { AnswerEvent, Event, OwnEvent, PartnerEvent, ThreadEvent } from './events.ts';
import { complete, fail, finish, partnerAborted, settle, tooLate } from './finish.ts';
import { activated, made, partnerActive, partnerStored, stored, unstored } from './handover.ts';
import { lockCode } from './lock.ts';
import { hex0x } from './message.ts';
import {
  answered as threadAnswered,
  frames,
  held,
  judged,
  received,
  refused,
  signed,
} from './rounds.ts';
import { signatureIn } from './signature.ts';
import {
  after,
  andThen,
  type Change,
  change,
  type Ending,
  isLiving,
  type Living,
  type Silent,
  type State,
  unchanged,
} from './state.ts';
import type { Facts } from './terms.ts';

/** Where a session stands after an event, and what is to be done. */
export function reduce(state: State, event: Event): Change {
  if (!isLiving(state)) return afterwards(state, event);
  const { facts } = event;
  switch (event.type) {
    case 'init':
    case 'abort':
    case 'sync':
    case 'round':
    case 'status':
      return partnerSaid(state, facts, event);
    case 'frames':
    case 'ignored':
    case 'signature':
    case 'share':
    case 'aborted':
    case 'refused':
      return threadSaid(state, facts, event);
    case 'late':
    case 'confirmed':
    case 'stopped':
      return happened(state, facts, event);
    case 'reserved':
    case 'decided':
    case 'primed':
    case 'turn':
    case 'prepared':
    case 'certified':
    case 'held':
    case 'stored':
    case 'unstored':
    case 'activated':
    case 'judged':
    case 'kept':
    case 'unkept':
    case 'failed':
      return answered(state, facts, event);
    default:
      return event satisfies never;
  }
}

function partnerSaid(state: Living, facts: Facts, event: PartnerEvent): Change {
  switch (event.type) {
    case 'init':
      return state.phase === 'proposed' ? replied(state, facts, event.init) : unchanged(state);
    case 'abort':
      return partnerAborted(state, facts, event.code);
    case 'sync':
      return synced(state, facts, event.sync);
    case 'round':
      return received(state, facts, event.mail);
    case 'status':
      return standing(state, event.status);
    default:
      return event satisfies never;
  }
}

/** One message may say several things. */
function synced(state: Living, facts: Facts, { status, signature, phase }: PeerSync): Change {
  const steps: ((state: Living) => Change)[] = [
    (now) => (status === undefined ? unchanged(now) : standing(now, status)),
    (now) => (signature === undefined ? unchanged(now) : shownSignature(now, facts, signature)),
    (now) => (phase === 'stored' ? partnerStored(now, facts) : unchanged(now)),
    (now) => (phase === 'active' || status === 'completed' ? partnerActive(now) : unchanged(now)),
  ];
  return steps.reduce(
    (before, step) => andThen(before, (now) => (isLiving(now) ? step(now) : unchanged(now))),
    unchanged(state),
  );
}

/** Where the partner stands. */
function standing(state: Living, status: string): Change {
  return state.phase === 'proposed' ? heard(state, status) : partnerWorks(state, status);
}

/** P1 completed and restarted before P2 had the last message: the signature speaks for itself. */
function shownSignature(state: Living, facts: Facts, text: string): Change {
  const { message, address } = state.terms;
  if (message === null || address === null) return unchanged(state);
  const signature = signatureIn(text, message.digest, address);
  return signature === undefined ? unchanged(state) : complete(state, facts, hex0x(signature));
}

function threadSaid(state: Living, facts: Facts, event: ThreadEvent): Change {
  const isRunning = state.phase === 'signing' || state.phase === 'settingUp';
  switch (event.type) {
    case 'frames':
      return isRunning ? frames(state, facts, event.frames) : unchanged(state);
    case 'ignored':
      return after(
        [{ do: 'warn', round: event.round, reason: event.reason }],
        isRunning ? threadAnswered(state) : unchanged(state),
      );
    case 'signature':
      return state.phase === 'signing' ? signed(state, facts, event.signature) : unchanged(state);
    case 'share':
      return state.phase === 'settingUp' ? made(state, event) : change(state, { do: 'wipeShare' });
    case 'aborted':
      return change(state, { do: 'judge', verdict: event.verdict });
    case 'refused':
      return refused(state, facts, event.reason, event.message);
    default:
      return event satisfies never;
  }
}

function answered(state: Living, facts: Facts, event: AnswerEvent): Change {
  switch (event.type) {
    case 'reserved':
      return state.phase === 'beginning' ? reserved(state) : unchanged(state);
    case 'decided':
      return state.phase === 'deciding' ? decided(state, facts, event) : unchanged(state);
    case 'primed':
      return state.phase === 'preparing' ? primed(state, facts) : unchanged(state);
    case 'turn':
      return state.phase === 'queued' ? turned(state) : unchanged(state);
    case 'prepared':
      return state.phase === 'keying' ? prepared(state, facts, event.keys) : unchanged(state);
    case 'certified':
      return state.phase === 'certifying'
        ? certified(state, facts, event.certificate)
        : unchanged(state);
    case 'held':
      return state.phase === 'starting' ? held(state, facts) : unchanged(state);
    case 'stored':
      return state.phase === 'storing' ? stored(state, facts) : unchanged(state);
    case 'unstored':
      return state.phase === 'storing' ? unstored(state, facts, event) : unchanged(state);
    case 'activated':
      return state.phase === 'stored' ? activated(state, facts) : unchanged(state);
    case 'judged':
      return judged(state, facts, event.verdict);
    case 'failed':
      return fail(state, facts, event.code, event.reason);
    case 'kept':
    case 'unkept':
      return unchanged(state);
    default:
      return event satisfies never;
  }
}

function happened(state: Living, facts: Facts, event: OwnEvent): Change {
  switch (event.type) {
    case 'late':
      if (event.which === 'working') return sayWorking(state);
      return tooLate(state, facts, event.which);
    case 'confirmed':
      return state.phase === 'stored' ? complete(state, facts) : unchanged(state);
    case 'stopped':
      return fail(state, facts, event.code, event.reason);
    default:
      return event satisfies never;
  }
}

/** Takes an event of a session that hears nobody: it gets its end, and work that is under way comes to its own. */
function afterwards(state: Exclude<State, Living>, event: Event): Change {
  // However it ended: a lock holds, and evidence stays.
  if (event.type === 'aborted') return change(state, { do: 'judge', verdict: event.verdict });
  if (event.type === 'share') return change(state, { do: 'wipeShare' });
  if (event.type === 'stored' || event.type === 'unstored') {
    if (state.share !== 'on its way') return unchanged(state);
    // The chip has the record now, or never will.
    return change({ ...state, share: 'none' }, { do: 'giveUpRoom' }, { do: 'discard' });
  }
  switch (state.phase) {
    case 'ending':
      return ended(state, event);
    case 'silent':
      if (event.type === 'stopped') return fail(state, event.facts, event.code, event.reason);
      return event.type === 'late' && event.which !== 'working'
        ? endUntold(state, event.facts)
        : unchanged(state);
    case 'over':
      return unchanged(state);
    default:
      return state satisfies never;
  }
}

/** The end was written, or could not be; one that waits for a lock goes on when the session is stopped for it. */
function ended(state: Ending, event: Event): Change {
  if (event.type === 'kept' || event.type === 'unkept') {
    return state.written === 'not yet' ? settle(state, event.facts, event.type) : unchanged(state);
  }
  if (event.type !== 'stopped' || state.written === 'not yet') return unchanged(state);
  return settle(state, event.facts, state.written);
}

/** A lock that is not written for so long is no reason to wait longer here. */
function endUntold(state: Silent, facts: Facts): Change {
  const code: CosignerCode = facts.key === null ? 'key_locked' : lockCode(facts.key.lock);
  const reason = 'the lock of the key cannot be written';
  return finish(state, facts, { status: 'aborted', code, reason }, { untold: true });
}
