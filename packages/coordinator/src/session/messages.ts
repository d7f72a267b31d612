/** The messages of a session, made from its state. Only here are they worded. */
import {
  type ChipAuthorisation,
  type DestroyComplete,
  type DestroyInvite,
  type DestroyParams,
  type ErrorMessage,
  errorMessage,
  type KeygenComplete,
  type KeygenInvite,
  type KeygenParams,
  type Language,
  LIMITS,
  participantCode,
  type SessionState as ProgressMessage,
  safeText,
  type TextName,
  type SignComplete,
  type SignInvite,
  type SignParams,
  textOf,
  endingOf,
} from '@quorate/wire';
import { fromHex, toBase64 } from '@quorate/intent';
import { signersOf } from './certificate.ts';
import { partsOf } from './destruction.ts';
import { awaited, roundFloor } from './progress.ts';
import type { Outcome, Party, SessionState, SignTarget } from './types.ts';

/** Asks a party whether it takes part. */
export function inviteOf(
  state: SessionState,
  party: Party,
): KeygenInvite | SignInvite | DestroyInvite {
  const common = {
    session_key: state.sessionKey,
    part_index: party.index,
    se_id: party.seId,
    participants: state.parties.map(({ username }) => username),
    coordinator: state.coordinator,
    threshold: state.threshold,
    total_parts: state.totalParts,
    expires_at: state.inviteExpiresAt,
  };
  const { target } = state;
  if (target === undefined) return { type: 'keygen_invite', ...common };
  if (target.destruction !== undefined) {
    const { reason, absent } = target.destruction;
    return {
      type: 'destroy_invite',
      ...common,
      address: target.address,
      reason,
      absent: absent.map(({ index, username, chipState }) => ({
        username,
        part_index: index,
        chip_state: chipState,
      })),
    };
  }
  return {
    type: 'sign_invite',
    ...common,
    data: target.digest,
    address: target.address,
    ...(target.payload === undefined ? {} : { payload: payloadOf(target) }),
    ...(target.display === undefined ? {} : { display: target.display }),
  };
}

/** Payloads are stored exactly as they came in, after the wire's schema and the intent's checks. */
function payloadOf(target: SignTarget): NonNullable<SignInvite['payload']> {
  return target.payload as NonNullable<SignInvite['payload']>;
}

/** Tells a party of a key generation that everybody has accepted. */
export function keygenParamsOf(state: SessionState, party: Party): KeygenParams {
  return {
    type: 'keygen_params',
    session_key: state.sessionKey,
    threshold: state.threshold,
    total_parts: state.totalParts,
    part_index: party.index,
    filename: filenameOf(state, party),
    peers: peersOf(state),
  };
}

/** What a signer's parameters hold beyond the state. */
export interface Release {
  readonly signature: string;
  readonly encryptedShard: string;
  readonly recordId: string;
  readonly challenge: string;
}

/** Tells a signer that everybody has accepted, and lets its chip release the opener. */
export function signParamsOf(
  state: SessionState,
  target: SignTarget,
  party: Party,
  release: Release,
): SignParams {
  return {
    type: 'sign_params',
    session_key: state.sessionKey,
    data: toBase64(fromHex(target.digest)),
    address: target.address,
    signature: release.signature,
    parties: signersOf(state).join(','),
    part_index: party.index,
    filename: filenameOf(state, party),
    encrypted_shard: release.encryptedShard,
    record_id: release.recordId,
    peers: peersOf(state),
    chip_challenge: release.challenge,
  };
}

/** Tells a holder that everybody has consented, and lets its chip delete the record. */
export function destroyParamsOf(
  state: SessionState,
  target: SignTarget,
  party: Party,
  deletion: Pick<Release, 'signature' | 'recordId' | 'challenge'>,
): DestroyParams {
  return {
    type: 'destroy_params',
    session_key: state.sessionKey,
    address: target.address,
    reason_hash: target.digest,
    signature: deletion.signature,
    parties: signersOf(state).join(','),
    part_index: party.index,
    record_id: deletion.recordId,
    peers: peersOf(state),
    chip_challenge: deletion.challenge,
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

const filenameOf = (state: SessionState, party: Party): string =>
  `${state.sessionKey}_${party.index}.json`;

function peersOf(state: SessionState): KeygenParams['peers'] {
  return state.parties.flatMap(({ index, username }) => {
    const answer = state.answers.get(index);
    if (answer === undefined) return [];
    return [{ username, part_index: index, session_certificate: answer.certificate }];
  });
}

/** The completion that the coordinator gets, and every participant when it succeeded. */
export function completionOf(
  state: SessionState,
  outcome: Outcome,
  language: Language,
): KeygenComplete | SignComplete | DestroyComplete {
  const { success } = outcome;
  const message = safeText(completionText(state, outcome, language));
  const common = { session_key: state.sessionKey, success, message };
  if (state.kind === 'destroy') {
    const address = state.target?.address ?? '';
    return { type: 'destroy_complete', ...common, address, parts: partsOf(state) };
  }
  if (state.kind === 'sign') {
    const signature = outcome.success ? (outcome.signature ?? '') : '';
    return { type: 'sign_complete', ...common, signature };
  }
  const address = outcome.success ? outcome.address : '';
  const publicKey = outcome.success ? outcome.publicKey : undefined;
  return {
    type: 'keygen_complete',
    ...common,
    address,
    ...(publicKey === undefined ? {} : { public_key: publicKey }),
  };
}

function completionText(state: SessionState, outcome: Outcome, language: Language): string {
  const text = endingOf(state.kind, outcome.success ? 'completed' : 'failed', language);
  if (!outcome.success) return `${text}: ${outcome.code}: ${outcome.details}`;
  const { missing, closed } = outcome;
  const named = (name: TextName, indexes: readonly number[]): string[] => {
    const names = partyNames(state, indexes).map(({ username }) => username);
    return names.length === 0 ? [] : [`${textOf(name, language)}: ${names.join(', ')}`];
  };
  const unproven = named('unproven', closed?.unproven ?? []);
  return [text, ...state.warnings, ...named('missing', missing), ...unproven].join('; ');
}

/** The error that every party of a failed session gets, in the words of its role. */
export function failureOf(
  state: SessionState,
  outcome: Extract<Outcome, { success: false }>,
  to: { readonly language: Language; readonly role: 'coordinator' | 'participant' },
): ErrorMessage {
  const { claim } = outcome;
  const code = to.role === 'participant' ? participantCode(outcome.code) : outcome.code;
  const reason = { reason: outcome.code, round: roundOf(state), culprits: [] };
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

/** The highest round that everybody has spoken in, as the wire can say it. */
const roundOf = (state: SessionState): number =>
  state.kind === 'destroy' ? 0 : Math.min(roundFloor(state), LIMITS.rounds[state.kind]);

/** Where the session stands and whom it waits for. */
export function progressOf(state: SessionState): ProgressMessage {
  return {
    type: 'session_state',
    session_key: state.sessionKey,
    state: stateName(state),
    waiting_for: waitingFor(state),
    ...(state.phase === 'running' && state.kind !== 'destroy' ? { round: roundOf(state) } : {}),
    ...(state.warnings.length === 0 ? {} : { warnings: [...state.warnings] }),
  };
}

/** Progress for a coordinator that is told of all of it: warnings come with the first message only. */
export function newsOf(state: SessionState, warning?: string): object {
  const { warnings, ...news } = progressOf(state);
  if (warning !== undefined) return { ...news, warnings: [warning] };
  const first = state.phase === 'inviting' && state.answers.size === 0;
  return first && warnings !== undefined ? { ...news, warnings } : news;
}

/** The state's name for people and programs outside. */
export function stateName(state: SessionState): ProgressMessage['state'] {
  if (state.phase === 'inviting') return 'invited';
  if (state.phase === 'running') return state.results.size > 0 ? 'results' : 'running';
  return state.phase;
}

function waitingFor(state: SessionState): ProgressMessage['waiting_for'] {
  const last = state.kind === 'destroy' ? 0 : LIMITS.rounds[state.kind];
  return partyNames(state, awaited(state)).map((name) => {
    if (state.phase === 'inviting') return { ...name, for: 'response' };
    const spoken = state.spoken.get(name.part_index)?.round ?? 0;
    return { ...name, for: spoken >= last ? 'result' : 'round' };
  });
}

function partyNames(
  state: SessionState,
  indexes: readonly number[],
): { username: string; part_index: number }[] {
  const named = state.parties.filter(({ index }) => indexes.includes(index));
  return named.map(({ username, index }) => ({ username, part_index: index }));
}
