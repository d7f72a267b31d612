/** Sessions as REST shows them: never a certificate or a body (docs/spec/wire.md §12, 1.9.16). */
import { z } from 'zod';
import {
  Address,
  Code,
  PartIndex,
  SessionKey,
  Signature,
  Threshold,
  Time,
  TotalParts,
  text,
  Username,
} from '../fields.ts';
import { KINDS } from '../ceremonies/index.ts';
import { LIMITS } from '../limits.ts';
import { SessionStateName } from '../messages/status.ts';
import { bounded } from '../strings.ts';
import { ListQuery, Next } from './common.ts';

const sessionSummary = {
  session_key: SessionKey,
  kind: z.enum(KINDS),
  state: SessionStateName,
  coordinator: Username,
  threshold: Threshold,
  total_parts: TotalParts,
  address: Address.nullable(),
  created_at: Time,
  updated_at: Time,
};

/** A session in a list. */
export const SessionSummary = z.strictObject(sessionSummary).meta({ id: 'SessionSummary' });
export type SessionSummary = z.infer<typeof SessionSummary>;

/** A session, its participants and those that it waits for. */
export const SessionAnswer = z
  .strictObject({
    ...sessionSummary,
    participants: z
      .array(
        z.strictObject({
          username: Username,
          part_index: PartIndex,
          state: bounded(64),
          /** Why an open destruction still waits for this participant. */
          reason: text().optional(),
        }),
      )
      .max(LIMITS.parties),
    waiting_for: z.array(Username).max(LIMITS.parties),
    digest: bounded(66).nullable(),
    signature: Signature.nullable(),
    code: Code.nullable(),
    message: text(LIMITS.details).nullable(),
    /** Notes besides the outcome: reports, and results that did not decide it. */
    notes: z.array(text()).max(64).optional(),
  })
  .meta({ id: 'SessionAnswer' });
export type SessionAnswer = z.infer<typeof SessionAnswer>;

/** Closes a destruction that still waits: it stays unproven for the missing holders. */
export const CloseSession = z
  .strictObject({ reason: text(LIMITS.reason).min(1) })
  .meta({ id: 'CloseSession' });
export type CloseSession = z.infer<typeof CloseSession>;

/** Sessions visible to the caller, newest first. */
export const SessionList = z
  .strictObject({ sessions: z.array(SessionSummary).max(LIMITS.page.max), next: Next })
  .meta({ id: 'SessionList' });
export type SessionList = z.infer<typeof SessionList>;

/** Selects sessions to list. */
export const SessionQuery = ListQuery.extend({ state: SessionStateName.optional() });
export type SessionQuery = z.infer<typeof SessionQuery>;
