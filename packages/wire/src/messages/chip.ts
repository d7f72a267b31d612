/** Chips during a session, and records that a failed key generation left on a chip (docs/spec/wire.md §9). */
import { z } from 'zod';
import {
  Address,
  ChipChallenge,
  Code,
  Cpic,
  DerSignature,
  Hash,
  PartIndex,
  Sequence,
  SessionCertificate,
  SessionKey,
  text,
} from '../fields.ts';

/** A new challenge: the chip was reset, or the wait was long. */
export const ChipChallengeMessage = z
  .strictObject({
    type: z.literal('chip_challenge'),
    session_key: SessionKey,
    part_index: PartIndex,
    chip_challenge: ChipChallenge,
    cseq: Sequence.optional(),
  })
  .meta({ id: 'ChipChallengeMessage', description: 'asks to authorise the chip again' });
export type ChipChallengeMessage = z.infer<typeof ChipChallengeMessage>;

/** The authorisation over the new challenge. */
export const ChipAuthorisation = z
  .strictObject({
    type: z.literal('chip_authorisation'),
    session_key: SessionKey,
    chip_challenge: ChipChallenge,
    signature: DerSignature,
    seq: Sequence.optional(),
  })
  .meta({ id: 'ChipAuthorisation', description: 'the authorisation over a renewed challenge' });
export type ChipAuthorisation = z.infer<typeof ChipAuthorisation>;

const orphan = { session_key: SessionKey, part_index: PartIndex };
const record = { record_id: Hash, address: Address };

/** A record on this participant's chip belongs to no key and may be deleted. */
export const OrphanNotice = z
  .strictObject({
    type: z.literal('orphan_notice'),
    ...orphan,
    ...record,
    reason: Code,
    seq: Sequence.optional(),
  })
  .meta({ id: 'OrphanNotice', description: 'a chip record belongs to no key' });
export type OrphanNotice = z.infer<typeof OrphanNotice>;

/** The participant's chip is ready to delete the record: a certificate (operation destroy) and a challenge. */
export const OrphanResponse = z
  .strictObject({
    type: z.literal('orphan_response'),
    ...orphan,
    cpic: Cpic,
    session_certificate: SessionCertificate,
    chip_challenge: ChipChallenge,
    cseq: Sequence.optional(),
  })
  .meta({ id: 'OrphanResponse', description: 'the chip is ready to delete the record' });
export type OrphanResponse = z.infer<typeof OrphanResponse>;

/** The server authorises the deletion. */
export const OrphanAuthorisation = z
  .strictObject({
    type: z.literal('orphan_authorisation'),
    ...orphan,
    ...record,
    reason_hash: Hash,
    chip_challenge: ChipChallenge,
    signature: DerSignature,
    seq: Sequence.optional(),
  })
  .meta({ id: 'OrphanAuthorisation', description: 'authorises the deletion' });
export type OrphanAuthorisation = z.infer<typeof OrphanAuthorisation>;

/** Whether the record is deleted. */
export const OrphanResult = z
  .strictObject({
    type: z.literal('orphan_result'),
    ...orphan,
    success: z.boolean(),
    message: text(),
    cseq: Sequence.optional(),
  })
  .meta({ id: 'OrphanResult', description: 'whether the record is gone' });
export type OrphanResult = z.infer<typeof OrphanResult>;
