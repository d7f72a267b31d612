/**
 * Errors and progress (docs/spec/wire.md §10).
 */
import { z } from 'zod';
import { Code, PartIndex, PartyName, Sequence, SessionKey, text, Username } from '../fields.ts';
import { LIMITS } from '../limits.ts';
import { Abort, Claim } from './round.ts';

/** A refusal, or the end of a session. `message` is for people, `code` for programs. */
export const ErrorMessage = z
  .strictObject({
    type: z.literal('error'),
    message: text(),
    details: text(LIMITS.details),
    code: Code.optional(),
    session_key: SessionKey.optional(),
    /** The refused client message. */
    cseq: Sequence.optional(),
    /** The parties that declined, are missing or are proven at fault; otherwise accuser and accused. */
    concerned: z.array(PartyName).max(LIMITS.parties).optional(),
    /** A party's report; its culprits are those whom its evidence proves to the server. */
    abort: Abort.optional(),
    /** The parties accused without a proof that the server can check. */
    claim: Claim.optional(),
    seq: Sequence.optional(),
  })
  .meta({ id: 'ErrorMessage', description: 'reports a refusal, or the end of a session' });
export type ErrorMessage = z.infer<typeof ErrorMessage>;

/** The asker, or an administrator, cancels a session; answered by `session_state`. */
export const CancelRequest = z
  .strictObject({
    type: z.literal('cancel_request'),
    session_key: SessionKey,
    cseq: Sequence.optional(),
  })
  .meta({ id: 'CancelRequest', description: 'cancels a session' });
export type CancelRequest = z.infer<typeof CancelRequest>;

/** An administrator closes a destruction that still waits; answered by `session_state`. */
export const CloseRequest = z
  .strictObject({
    type: z.literal('close_request'),
    session_key: SessionKey,
    reason: text(LIMITS.reason).min(1),
    cseq: Sequence.optional(),
  })
  .meta({ id: 'CloseRequest', description: 'closes a destruction that still waits' });
export type CloseRequest = z.infer<typeof CloseRequest>;

/** The states of a session. */
export const SessionStateName = z
  .enum(['invited', 'running', 'results', 'completed', 'failed'])
  .meta({ id: 'SessionStateName' });
export type SessionStateName = z.infer<typeof SessionStateName>;

/** A participant that the session waits for. */
export const WaitingFor = z
  .strictObject({
    username: Username,
    part_index: PartIndex,
    for: z.enum(['response', 'round', 'result']),
  })
  .meta({ id: 'WaitingFor' });
export type WaitingFor = z.infer<typeof WaitingFor>;

/** Answer to a safe retry, and progress for a client that registered with `progress: true`. */
export const SessionState = z
  .strictObject({
    type: z.literal('session_state'),
    session_key: SessionKey,
    state: SessionStateName,
    waiting_for: z.array(WaitingFor).max(LIMITS.parties),
    round: z.int().min(0).optional(),
    warnings: z.array(text()).max(16).optional(),
    seq: Sequence.optional(),
  })
  .meta({ id: 'SessionState', description: 'the state of a session, and whom it waits for' });
export type SessionState = z.infer<typeof SessionState>;
