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

/** A session, its participants and whom it waits for. */
export const SessionAnswer = z
  .strictObject({
    ...sessionSummary,
    participants: z
      .array(
        z.strictObject({
          username: Username,
          part_index: PartIndex,
          state: bounded(64),
          /** Why an open destruction still waits for it. */
          reason: text().optional(),
        }),
      )
      .max(LIMITS.parties),
    waiting_for: z.array(Username).max(LIMITS.parties),
    digest: bounded(66).nullable(),
    signature: Signature.nullable(),
    code: Code.nullable(),
    message: text(LIMITS.details).nullable(),
    /** Facts beside the outcome: reports, and results that did not decide it. */
    notes: z.array(text()).max(64).optional(),
  })
  .meta({ id: 'SessionAnswer' });
export type SessionAnswer = z.infer<typeof SessionAnswer>;

/** Closes a destruction that still waits: it ends as not proven for those who are missing. */
export const CloseSession = z
  .strictObject({ reason: text(LIMITS.reason).min(1) })
  .meta({ id: 'CloseSession' });
export type CloseSession = z.infer<typeof CloseSession>;

/** Sessions that concern the caller, newest first. */
export const SessionList = z
  .strictObject({ sessions: z.array(SessionSummary).max(LIMITS.page.max), next: Next })
  .meta({ id: 'SessionList' });
export type SessionList = z.infer<typeof SessionList>;

/** Which sessions to list. */
export const SessionQuery = ListQuery.extend({ state: SessionStateName.optional() });
export type SessionQuery = z.infer<typeof SessionQuery>;
