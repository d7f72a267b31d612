/** The rounds of a session: what the partner says goes to the protocol thread, what that says goes out. */
import { fromBase64, toBase64, verifyFinalSignature } from '@quorate/intent';
import { COSIGNER_CODES } from '@quorate/wire';
import { peerOf } from './certificates.ts';
import type { Effect } from './effects.ts';
import type { Mail } from './mail.ts';
import type { Frame } from './messages.ts';
import { isOfEpoch } from './epoch.ts';
import type { Verdict } from './verdict.ts';
import { waiting, working } from './clocks.ts';
import { abort, complete, fail, inTime } from './finish.ts';
import { lockCode } from './lock.ts';
import { hex0x } from './message.ts';
import { firstStep, isExpected, isJudged, isResult, messageOfRound } from './messages.ts';
import {
  after,
  andThen,
  type Change,
  change,
  type Living,
  type SettingUp,
  type Signing,
  type Starting,
  type State,
  unchanged,
} from './state.ts';
import type { Facts, KeyFacts } from './terms.ts';

/** Rounds that came before the partner's certificate did. */
const MAX_EARLY = 8;

/** Sessions whose protocol runs. */
type Running = Signing | SettingUp;

/** Both sides agree: the key is opened, if there is one yet. */
export function begin(state: Starting, facts: Facts): Change {
  if (!isOfEpoch(facts.key, state.epoch)) return mismatch(state, facts);
  if (facts.key === null) return inTime(state, facts, () => run(state, facts));
  return change(state, { do: 'hold' });
}

/** The key is open: the protocol begins. A refresh may have become the key in the meantime. */
export function held(state: Starting, facts: Facts): Change {
  return inTime(state, facts, () => {
    if (!isOfEpoch(facts.key, state.epoch)) return mismatch(state, facts);
    return run(state, facts);
  });
}

function mismatch(state: Starting, facts: Facts): Change {
  return fail(state, facts, 'epoch_mismatch', COSIGNER_CODES.epoch_mismatch.en);
}

function run({ terms, early, sid, peer }: Starting, facts: Facts): Change {
  const step = firstStep(terms.type);
  const running: Running =
    terms.type === 'sign'
      ? { phase: 'signing', terms, step, held: [], outcomeLeft: false, owed: 1 }
      : { phase: 'settingUp', terms, step, partnerStored: false, owed: 1 };
  const shown: Effect[] = [
    { do: 'show', change: { status: 'running', step } },
    ...working(running),
  ];
  const unusable = terms.type === 'sign' ? whyUnusable(facts.key) : undefined;
  if (unusable !== undefined) {
    const reason = COSIGNER_CODES[unusable].en;
    return after(shown, fail(running, facts, unusable, reason));
  }
  const started = change(running, ...shown, { do: 'start', sid, peer });
  return early.reduce(
    (before, mail) =>
      andThen(before, (state) => (isRunning(state) ? round(state, facts, mail) : unchanged(state))),
    started,
  );
}

/** A lock may have come while the certificates travelled. */
function whyUnusable(
  key: KeyFacts | null,
): 'unknown_key' | 'key_locked' | 'key_retired' | undefined {
  if (key === null) return 'unknown_key';
  return key.lock === 'none' ? undefined : lockCode(key.lock);
}

/** Takes a message of a round; of another side, round or kind of session it is of no effect. */
export function received(state: Living, facts: Facts, mail: Mail): Change {
  const { index, type } = state.terms;
  if (!isExpected(type, mail, peerOf(index))) return unchanged(state);
  switch (state.phase) {
    case 'beginning':
    case 'deciding':
    case 'preparing':
    case 'queued':
    case 'keying':
    case 'certifying':
    case 'proposed':
    case 'starting':
      if (state.early.length >= MAX_EARLY) return unchanged(state);
      return change({ ...state, early: [...state.early, mail] });
    case 'signing':
    case 'settingUp':
      return round(state, facts, mail);
    case 'storing':
    case 'stored':
      return unchanged(state);
    default:
      return state satisfies never;
  }
}

function round(state: Running, facts: Facts, mail: Mail): Change {
  return inTime(state, facts, () => {
    const { index, type } = state.terms;
    const { round: number, plaintext, signature } = mail;
    const body = toBase64(plaintext);
    const frame = { round: number, from: peerOf(index), to: index, body, signature };
    const deliver: Effect = { do: isJudged(type, number) ? 'deliverJudged' : 'deliver', frame };
    const { state: next, effects } = moved({ ...state, owed: state.owed + 1 }, number);
    const works = state.owed > 0 ? [] : working(state);
    return change(next, deliver, ...effects, ...works);
  });
}

/** The thread has answered an order; it may have messages for the partner. */
export function frames(state: Running, facts: Facts, frames: readonly Frame[]): Change {
  const sent = frames.reduce(
    (before, frame) =>
      andThen(before, (next) => (isRunning(next) ? said(next, facts, frame) : unchanged(next))),
    unchanged(state),
  );
  return andThen(sent, (next) => (isRunning(next) ? answered(next) : unchanged(next)));
}

/** The thread has answered an order: after the last one it is for the partner to speak. */
export function answered(state: Running): Change {
  const owed = Math.max(0, state.owed - 1);
  return change({ ...state, owed }, ...(owed > 0 ? [] : waiting(state)));
}

function said(state: Running, facts: Facts, frame: Frame): Change {
  const { index, type } = state.terms;
  if (state.phase === 'signing' && isResult(type, frame.round)) {
    return change({ ...state, held: [...state.held, frame] });
  }
  return inTime(state, facts, () => {
    // From here on only P1 knows whether there is a signature.
    const next =
      state.phase === 'signing' && index === 2 && isJudged(type, frame.round)
        ? { ...state, outcomeLeft: true }
        : state;
    return andThen(moved(next, frame.round), (after) =>
      change(after, { do: 'post', mail: mailOf(state, frame) }),
    );
  });
}

/** P1's is on disk before its last message leaves. */
export function signed(state: Signing, facts: Facts, signature: Uint8Array): Change {
  const { message, address } = state.terms;
  const good =
    message !== null &&
    address !== null &&
    verifyFinalSignature(message.digest, signature, address);
  if (!good) return fail(state, facts, 'internal', 'a signature that does not verify');
  return inTime(state, facts, () => {
    const last = state.held.map((frame) => mailOf(state, frame));
    return complete(state, facts, hex0x(signature), last);
  });
}

/** The protocol ended without an output; the lock and the evidence are on disk. */
export function judged(state: Living, facts: Facts, { keyUnsafe, message }: Verdict): Change {
  const code = keyUnsafe === null ? 'aborted' : lockCode(keyUnsafe);
  return abort(state, facts, { code, reason: message });
}

/** This machine, or its input, is at fault. */
export function refused(state: Living, facts: Facts, reason: string, message: string): Change {
  if (reason === 'thread_stopped') return fail(state, facts, reason, message);
  return fail(state, facts, 'internal', `${reason}: ${message}`);
}

/** A message of a round left or came. */
function moved(state: Running, number: number): Change {
  const step = messageOfRound(state.terms.type, number)?.step ?? state.step;
  if (step === null || step === state.step) return unchanged(state);
  return change({ ...state, step }, { do: 'show', change: { step } });
}

function mailOf({ terms }: Running, { round: number, body, signature }: Frame): Mail {
  const known = messageOfRound(terms.type, number);
  if (known === undefined) throw new Error('unreachable: a round without a name');
  return { type: known.type, round: number, plaintext: fromBase64(body), signature };
}

function isRunning(state: State): state is Running {
  return state.phase === 'signing' || state.phase === 'settingUp';
}
