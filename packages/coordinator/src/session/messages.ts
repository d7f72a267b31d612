/** Makes the messages of a session from its state; each kind words its own. */
import {
  type ChipAuthorisation,
  type CommonInvite,
  type ErrorMessage,
  endingOf,
  errorMessage,
  type CommonParams,
  type Language,
  participantCode,
  type SessionState as ProgressMessage,
  safeText,
  textOf,
} from '@quorate/wire';
import type { Ceremony, Remark, Rules, RulesOf } from './ceremony.ts';
import { awaited, roundFloor } from './progress.ts';
import type { Failed, Outcome, Party, SessionState } from './types.ts';

/** The fields of every invitation. */
type Invitation = Omit<CommonInvite, 'type' | 'participants'> & { participants: string[] };

/** Makes the fields that a party's invitation has in every kind. */
export function invitation(state: SessionState, party: Party): Invitation {
  return {
    session_key: state.sessionKey,
    part_index: party.index,
    se_id: party.seId,
    participants: state.parties.map(({ username }) => username),
    coordinator: state.coordinator,
    threshold: state.threshold,
    total_parts: state.totalParts,
    expires_at: state.inviteExpiresAt,
  };
}

/** Answers a renewed challenge. */
export function chipAuthorisationOf(
  state: SessionState,
  challenge: string,
  signature: string,
): ChipAuthorisation {
  return {
    type: 'chip_authorisation',
    session_key: state.sessionKey,
    chip_challenge: challenge,
    signature,
  };
}

/** The name of the file in which a party may keep its part. */
export const filenameOf = (state: SessionState, party: Party): string =>
  `${state.sessionKey}_${party.index}.json`;

/** A party with the certificate of its chip. */
type Certified = CommonParams['peers'][number];

/** Lists every party that has accepted. */
export function peersOf(state: SessionState): Certified[] {
  return state.parties.flatMap(({ index, username }) => {
    const answer = state.answers.get(index);
    if (answer === undefined) return [];
    return [{ username, part_index: index, session_certificate: answer.certificate }];
  });
}

/** Makes the completion: for the coordinator always, for participants only after success. */
export function completionOf(
  { words }: Ceremony,
  state: SessionState,
  outcome: Outcome,
  language: Language,
): object {
  const remarks = outcome.success ? words.remarks(outcome) : [];
  const text = endingOf(state.kind, outcome.success ? 'completed' : 'failed', language);
  const message = safeText(
    outcome.success
      ? [text, ...state.warnings, ...remarksOn(state, outcome.missing, remarks, language)].join(
          '; ',
        )
      : `${text}: ${outcome.code}: ${outcome.details}`,
  );
  const common = { session_key: state.sessionKey, success: outcome.success, message };
  return words.complete(state, outcome, common);
}

function remarksOn(
  state: SessionState,
  missing: readonly number[],
  remarks: readonly Remark[],
  language: Language,
): string[] {
  return [{ text: 'missing' as const, parties: missing }, ...remarks].flatMap((remark) => {
    const names = partyNames(state, remark.parties).map(({ username }) => username);
    return names.length === 0 ? [] : [`${textOf(remark.text, language)}: ${names.join(', ')}`];
  });
}

/** Makes the error for each party of a failed session, worded for its role. */
export function failureMessage(
  rules: Pick<Rules, 'rounds'>,
  state: SessionState,
  outcome: Failed,
  to: { readonly language: Language; readonly role: 'coordinator' | 'participant' },
): ErrorMessage {
  const { claim } = outcome;
  const code = to.role === 'participant' ? participantCode(outcome.code) : outcome.code;
  const reason = { reason: outcome.code, round: roundOf(rules, state), culprits: [] };
  const abort = outcome.abort ?? (code === outcome.code ? undefined : reason);
  const concerned = partyNames(state, outcome.concerned);
  const whom = concerned.map(({ username }) => username).join(', ');
  const details = whom === '' ? outcome.details : `${outcome.details} (${whom})`;
  return errorMessage(code, {
    details,
    sessionKey: state.sessionKey,
    concerned,
    language: to.language,
    ...(abort === undefined ? {} : { abort }),
    ...(claim === undefined ? {} : { claim }),
  });
}

/** The highest round that everybody has spoken in, within the bounds of the wire. */
const roundOf = ({ rounds }: Pick<Rules, 'rounds'>, state: SessionState): number =>
  Math.min(roundFloor(state), rounds);

/** Reports where the session stands and whom it waits for. */
export function progressOf<S extends SessionState>(rules: RulesOf<S>, state: S): ProgressMessage {
  return {
    type: 'session_state',
    session_key: state.sessionKey,
    state: stateName(state),
    waiting_for: waitingFor(rules, state),
    ...(state.phase === 'running' && rules.rounds > 0 ? { round: roundOf(rules, state) } : {}),
    ...(state.warnings.length === 0 ? {} : { warnings: [...state.warnings] }),
  };
}

/** Makes progress messages for a coordinator that subscribed to them; only the first one carries warnings. */
export function newsOf<S extends SessionState>(
  rules: RulesOf<S>,
  state: S,
  warning?: string,
): object {
  const { warnings, ...news } = progressOf(rules, state);
  if (warning !== undefined) return { ...news, warnings: [warning] };
  const first = state.phase === 'inviting' && state.answers.size === 0;
  return first && warnings !== undefined ? { ...news, warnings } : news;
}

/** The state's name on the wire. */
export function stateName(state: SessionState): ProgressMessage['state'] {
  if (state.phase === 'inviting') return 'invited';
  if (state.phase === 'running') return state.results.size > 0 ? 'results' : 'running';
  return state.phase;
}

function waitingFor<S extends SessionState>(
  rules: RulesOf<S>,
  state: S,
): ProgressMessage['waiting_for'] {
  return partyNames(state, awaited(rules, state)).map((name) => {
    if (state.phase === 'inviting') return { ...name, for: 'response' };
    const spoken = state.spoken.get(name.part_index)?.round ?? 0;
    return { ...name, for: spoken >= rules.rounds ? 'result' : 'round' };
  });
}

function partyNames(
  state: SessionState,
  indexes: readonly number[],
): { username: string; part_index: number }[] {
  const named = state.parties.filter(({ index }) => indexes.includes(index));
  return named.map(({ username, index }) => ({ username, part_index: index }));
}
