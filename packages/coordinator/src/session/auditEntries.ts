/**
 * Turns the messages of a session into entries of the audit log (docs/spec/wire.md §13): never a body, never a
 * secret.
 */
import type { Abort } from '@quorate/wire';
import { createHash } from 'node:crypto';
import type { AuditEvent } from '../audit/index.ts';
import { nameOf } from './parties.ts';
import type { Refusal } from './refusal.ts';
import type { Running } from './ceremony.ts';
import type { Event } from './events.ts';
import type { Failed, SessionState } from './types.ts';

/** An audit event before it gets its time. */
export type UntimedEvent = Omit<AuditEvent, 'at'>;

interface Named {
  readonly type: string;
  readonly session_key: string;
}

const actionOf = (type: string): string => type.replace('_', '.');

/** The entry of a request that was accepted. */
export function requestEntry(
  actor: string,
  type: string,
  { ceremony, state }: Running,
): UntimedEvent {
  return {
    actor,
    action: actionOf(type),
    subject: state.sessionKey,
    outcome: 'ok',
    details: {
      threshold: state.threshold,
      total_parts: state.totalParts,
      participants: state.parties.map(({ username }) => username),
      ...(state.warnings.length === 0 ? {} : { warnings: state.warnings }),
      ...ceremony.words.requestDetails(state),
    },
  };
}

/** The entry of a participant's answer, result or renewal. */
export function answerEntry(actor: string, message: Named, event: Event): UntimedEvent {
  const refuted = event.type === 'refuted';
  const reported =
    event.type === 'reported'
      ? { part_index: event.about, round: event.round, reason: event.reason }
      : {};
  const declined = event.type === 'declined' ? { reason: event.reason } : {};
  const failure =
    event.type === 'finished' && !event.result.success
      ? { message: event.result.message }
      : event.type === 'delayed'
        ? { message: event.message }
        : {};
  return {
    actor,
    action: actionOf(message.type),
    subject: message.session_key,
    outcome: refuted ? 'refused' : 'ok',
    details: {
      event: event.type,
      ...declined,
      ...failure,
      ...reported,
      ...(refuted ? { code: event.code, reason: event.details } : {}),
    },
  };
}

/** The entry of a message that was refused. */
export function refusalEntry(
  sender: { readonly username: string; readonly role: string },
  message: Named,
  refusal: Refusal,
): UntimedEvent {
  return {
    actor: sender.username,
    action: actionOf(message.type),
    subject: message.session_key,
    outcome: 'refused',
    details: { code: refusal.code, reason: refusal.details, role: sender.role },
  };
}

/** Returns the part of a reported abort that the log keeps: the reason, and a hash of the evidence. */
export function blameOf(abort: Abort | undefined): AuditEvent['details'] {
  if (abort === undefined) return {};
  const evidence = JSON.stringify(abort.evidence ?? []);
  const hash = createHash('sha256').update(evidence).digest('hex');
  return { abort_reason: abort.reason, abort_round: abort.round, evidence_hash: hash };
}

/** Names the proven culprits, and who accuses whom without proof. */
export function accusationOf(state: SessionState, { abort, claim }: Failed): AuditEvent['details'] {
  const names = (indexes: readonly number[]): string[] =>
    indexes.map((index) => nameOf(state, index));
  return {
    ...(abort === undefined ? {} : { culprits: names(abort.culprits) }),
    ...(claim === undefined
      ? {}
      : { claimed: names(claim.culprits), claimed_by: nameOf(state, claim.by) }),
  };
}
