/**
 * Keys and sessions as REST shows them: never a shard, a certificate or a body (docs/spec/wire.md §12,
 * 1.9.16).
 */
import { z } from 'zod';
import {
  Address,
  ChipId,
  Code,
  PartIndex,
  PublicKey,
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
import { ChipStateName } from './chips.ts';
import { ListQuery, Next } from './common.ts';
import { bounded } from '../strings.ts';

/** Where a key stands. Only an active one signs. */
export const KeyStateName = z
  .enum(['active', 'destroying', 'destroyed'])
  .meta({ id: 'KeyStateName' });
export type KeyStateName = z.infer<typeof KeyStateName>;

/** What is known of the record of one holder: absent says that its chip was lost or destroyed before it could delete. */
export const RecordStateName = z
  .enum(['held', 'deleted', 'absent'])
  .meta({ id: 'RecordStateName' });
export type RecordStateName = z.infer<typeof RecordStateName>;

const keySummary = {
  address: Address,
  public_key: PublicKey,
  session_key: SessionKey,
  creator: Username,
  threshold: Threshold,
  total_parts: TotalParts,
  epoch: z.int().min(0),
  state: KeyStateName,
  created_at: Time,
};

/** A key in a list. */
export const KeySummary = z.strictObject(keySummary).meta({ id: 'KeySummary' });
export type KeySummary = z.infer<typeof KeySummary>;

/** Who holds a shard of a key, and on which chip its opener is. */
export const KeyHolder = z
  .strictObject({
    part_index: PartIndex,
    username: Username,
    se_id: ChipId,
    chip_label: text(100),
    chip_state: ChipStateName,
    record_state: RecordStateName,
  })
  .meta({ id: 'KeyHolder' });
export type KeyHolder = z.infer<typeof KeyHolder>;

/** A key, its holders, and who may ask for its signatures besides its creator. */
export const KeyAnswer = z
  .strictObject({
    ...keySummary,
    holders: z.array(KeyHolder).max(LIMITS.parties),
    grants: z.array(Username).max(LIMITS.grants),
  })
  .meta({ id: 'KeyAnswer' });
export type KeyAnswer = z.infer<typeof KeyAnswer>;

/** Keys that concern the caller. */
export const KeyList = z
  .strictObject({ keys: z.array(KeySummary).max(LIMITS.page.max), next: Next })
  .meta({ id: 'KeyList' });
export type KeyList = z.infer<typeof KeyList>;

/** Lets a user ask for signatures of a key. */
export const GrantRequest = z.strictObject({ username: Username }).meta({ id: 'GrantRequest' });
export type GrantRequest = z.infer<typeof GrantRequest>;

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
    /** What is known beside the outcome: reports, and results that did not decide it. */
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
