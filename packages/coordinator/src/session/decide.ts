/**
 * Decides whether a participant's message is an event, a repetition or a refusal.
 *
 * Pure. Every check is a small function with its own code; nothing is stored unless all of them pass.
 */
import {
  type AcceptOf,
  type ChipChallengeMessage,
  type ClientRound,
  isPart,
  LIMITS,
  type ResponseOf,
  type RoundProblem,
} from '@quorate/wire';
import { createHash } from 'node:crypto';
import { isSigned } from './blame.ts';
import { checkCertificate, sessionIdOf } from './certificate.ts';
import type { Running } from './ceremony.ts';
import { type Decision, refused, repeated, wrongKind, wrongState } from './decision.ts';
import type { Event } from './events.ts';
import { problemKey } from './problems.ts';
import { roundFloor } from './progress.ts';
import { renewalsOf } from './reduce.ts';
import type { ParticipantMessage } from './run.ts';
import { slotOf } from './reduceRounds.ts';
import { type Refusal, refuse } from './refusal.ts';
import type { Party, SessionState } from './types.ts';

/** Who sent a message, and when it arrived. */
export interface Arrival {
  readonly username: string;
  readonly at: number;
}

/** How often a participant may renew its chip's challenge in one session (docs/spec/wire.md §9). */
const MAX_RENEWALS = LIMITS.challengeRenewals;

/** Decides about one message of a participant. */
export function decide(session: Running, message: ParticipantMessage, arrival: Arrival): Decision {
  const { ceremony, state } = session;
  const party = senderParty(state, message, arrival);
  if ('code' in party) return refused(party);
  if (isPart(message, 'response')) return decideResponse(session, party, message, arrival.at);
  if (isPart(message, 'result')) {
    if (message.type !== `${state.kind}_result`) return wrongKind(state, message.type);
    return ceremony.rules.judge(state, party, message, arrival.at);
  }
  switch (message.type) {
    case 'round':
      return decideRound(session, party, message, arrival.at);
    case 'round_problem':
      return decideProblem(session, party, message, arrival.at);
    case 'chip_challenge':
      return decideChallenge(session, party, message, arrival.at);
  }
}

/** Never trusts the index in a message: the sender must be the party that it names (1.9.3). */
function senderParty(
  state: SessionState,
  message: ParticipantMessage,
  { username }: Arrival,
): Party | Refusal {
  const own = state.parties.find((party) => party.username === username);
  // Outsiders must not learn that the session exists.
  if (own === undefined)
    return refuse('unknown_session', 'no session with this session_key is yours');
  const claimed = message.type === 'round' ? message.from : message.part_index;
  if (own.index === claimed) return own;
  return refuse('sender_mismatch', `your part_index is ${own.index}, the message says ${claimed}`);
}

function decideResponse(
  { ceremony, state }: Running,
  party: Party,
  message: ResponseOf,
  at: number,
): Decision {
  if (message.type !== `${state.kind}_response`) return wrongKind(state, message.type);
  const answered = state.answers.get(party.index);
  if (answered !== undefined) {
    const same =
      message.accept &&
      message.session_certificate === answered.certificate &&
      challengeOf(message) === answered.offered;
    return same
      ? repeated
      : refused(refuse('conflicting_message', 'you have already answered differently'));
  }
  if (state.phase !== 'inviting') return wrongState(state, message.type);
  const from = party.index;
  if (!message.accept) {
    return { kind: 'event', event: { type: 'declined', at, from, reason: message.reason } };
  }
  if (message.cpic.toLowerCase() !== party.cpic) {
    return refuted(at, from, 'chip_mismatch', `cpic is not that of the chip ${party.seId}`);
  }
  const certificate = message.session_certificate;
  const challenge = challengeOf(message);
  const terms = ceremony.rules.intent(state);
  const check = checkCertificate({ state, terms }, party, certificate, at);
  if (!check.ok) return refuted(at, from, check.code, check.details);
  const { sessionHash } = check;
  const extra = challenge === undefined ? {} : { challenge };
  return {
    kind: 'event',
    event: { type: 'accepted', at, from, certificate, sessionHash, ...extra },
  };
}

const challengeOf = (accept: AcceptOf): string | undefined =>
  'chip_challenge' in accept ? accept.chip_challenge : undefined;

function decideRound(
  { ceremony, state }: Running,
  party: Party,
  message: ClientRound,
  at: number,
): Decision {
  const { from, to, round, body, signature } = message;
  const hash = createHash('sha256').update(body).update('.').update(signature).digest('hex');
  const known = state.slots.get(slotOf({ from, round, to }));
  if (known !== undefined) {
    if (known === hash) return repeated;
    return refused(refuse('conflicting_message', `another message of round ${round} was relayed`));
  }
  if (state.phase !== 'running') return wrongState(state, 'round');
  if (state.results.has(party.index)) {
    return refused(refuse('wrong_state', 'a round message after your result'));
  }
  const { rules } = ceremony;
  const { rounds } = rules;
  if (rounds === 0) return wrongKind(state, 'round');
  if (round > rounds)
    return refused(refuse('invalid_message', `round ${round} not in 1..${rounds}`));
  // A party speaks in a round only after everybody spoke in the previous one, because all others wait for
  // that.
  const next = roundFloor(state) + 1;
  if (round > next) {
    return refused(refuse('wrong_state', `round ${round} before round ${next} is complete`));
  }
  const isOther = to === null || (to !== from && state.parties.some(({ index }) => index === to));
  if (!isOther) {
    return refused(refuse('invalid_message', `to: ${to} is not another party of this session`));
  }
  if (to === null && !isSigned(state, sessionIdOf(state, rules.intent(state).keyId), message)) {
    // Nobody could use such a broadcast, and everybody would wait for its sender without knowing why.
    const details = `the broadcast of round ${round} is not signed by the key of your certificate`;
    const refusal = refuse('invalid_signature', details);
    return { kind: 'refused', refusal, event: { type: 'unsigned', at, from, round } };
  }
  return { kind: 'event', event: { type: 'relayed', at, from, to, round, hash } };
}

function decideProblem(
  { ceremony, state }: Running,
  party: Party,
  message: RoundProblem,
  at: number,
): Decision {
  const { from: about, round, reason } = message;
  const { rounds } = ceremony.rules;
  if (rounds === 0) return wrongKind(state, message.type);
  if (state.phase === 'inviting') return wrongState(state, message.type);
  if (about === party.index || !state.parties.some(({ index }) => index === about)) {
    return refused(refuse('invalid_message', `from: ${about} is not another party`));
  }
  if (round > rounds)
    return refused(refuse('invalid_message', `round ${round} not in 1..${rounds}`));
  const from = party.index;
  const said = state.problems.has(problemKey({ by: from, about, round }));
  // After the end, or after a party's own result, that party waits for nobody.
  if (said || state.phase !== 'running' || state.results.has(from)) return repeated;
  return { kind: 'event', event: { type: 'reported', at, from, about, round, reason } };
}

function decideChallenge(
  { ceremony, state }: Running,
  party: Party,
  message: ChipChallengeMessage,
  at: number,
): Decision {
  const { rules } = ceremony;
  if (rules.release === null) return wrongKind(state, message.type);
  if (!rules.awaitsChip(state, party.index)) return wrongState(state, message.type);
  const challenge = message.chip_challenge;
  if (state.answers.get(party.index)?.challenge === challenge) return repeated;
  // An irrevocable session has no other way on, however often its holder restarts; the service bounds the
  // rate.
  if (!rules.irrevocable && renewalsOf(state, party.index) >= MAX_RENEWALS) {
    return refused(refuse('challenge_limit', `at most ${MAX_RENEWALS} renewals a session`));
  }
  return { kind: 'event', event: { type: 'challenged', at, from: party.index, challenge } };
}

function refuted(
  at: number,
  from: number,
  code: Extract<Event, { type: 'refuted' }>['code'],
  details: string,
): Decision {
  return { kind: 'event', event: { type: 'refuted', at, from, code, details } };
}
