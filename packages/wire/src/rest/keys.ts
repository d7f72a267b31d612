/** Keys as REST shows them: never a shard (docs/spec/wire.md §12, 1.9.16). */
import { z } from 'zod';
import {
  Address,
  Algorithm,
  ChipId,
  Hash,
  PartIndex,
  PublicKey,
  SessionKey,
  Threshold,
  Time,
  TotalParts,
  text,
  Username,
} from '../fields.ts';
import { LIMITS } from '../limits.ts';
import { ChipStateName } from './chips.ts';
import { Next } from './common.ts';

/** The state of a key. Only an active one signs. */
export const KeyStateName = z
  .enum(['active', 'destroying', 'destroyed'])
  .meta({ id: 'KeyStateName' });
export type KeyStateName = z.infer<typeof KeyStateName>;

/**
 * The state of one holder's record; `absent` if the chip was lost or destroyed before it could delete the
 * record.
 */
export const RecordStateName = z
  .enum(['held', 'deleted', 'absent'])
  .meta({ id: 'RecordStateName' });
export type RecordStateName = z.infer<typeof RecordStateName>;

const keySummary = {
  address: Address,
  key_id: Hash.optional().meta({ description: 'names the key for ever' }),
  algorithm: Algorithm.optional(),
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

/** A holder of a shard, with the chip of its opener. */
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

/** A key, its holders, and the users besides its creator who may ask for its signatures. */
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
