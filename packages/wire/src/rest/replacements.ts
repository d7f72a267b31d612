/**
 * A new chip for a participant (docs/spec/replace.md).
 */
import { z } from 'zod';
import {
  Address,
  ChipChallenge,
  ChipId,
  ChipPublicKey,
  Cpic,
  DerSignature,
  Digest,
  EncryptedShard,
  Hash,
  PartIndex,
  SessionCertificate,
  text,
  Time,
  Username,
} from '../fields.ts';
import { ChipKindName, ChipStateName } from './chips.ts';
import { Next } from './common.ts';
import { LIMITS } from '../limits.ts';
import { bounded, matching } from '../strings.ts';
import { EXPECTED } from '../expectations.ts';

/** The identifier of a replacement. */
export const ReplacementId = matching(/^[0-9a-f]{32}$/, 32, EXPECTED.lowerHex16).meta({
  id: 'ReplacementId',
});

/** The state that the old chip will get. */
export const RetirementName = z.enum(['destroyed', 'disabled']).meta({ id: 'RetirementName' });
export type RetirementName = z.infer<typeof RetirementName>;

/** The state of a replacement. */
export const ReplacementState = z
  .enum(['requested', 'approved', 'switched', 'completed', 'cancelled'])
  .meta({ id: 'ReplacementState' });
export type ReplacementState = z.infer<typeof ReplacementState>;

/** A request to replace the caller's active chip, signed by both chips. */
export const ReplacementRequest = z
  .strictObject({
    se_id: ChipId,
    cpic: Cpic,
    public_key: ChipPublicKey,
    nonce: Digest,
    old_proof: DerSignature,
    new_proof: DerSignature,
    retire: RetirementName,
    label: text(100).optional(),
    kind: ChipKindName.optional(),
  })
  .meta({ id: 'ReplacementRequest' });
export type ReplacementRequest = z.infer<typeof ReplacementRequest>;

/** A chip of a replacement. */
export const ReplacedChip = z
  .strictObject({
    se_id: ChipId,
    public_key: ChipPublicKey,
    fingerprint: bounded(LIMITS.fingerprint).meta({ description: 'short, for people to compare' }),
    state: ChipStateName,
    kind: ChipKindName,
  })
  .meta({ id: 'ReplacedChip' });
export type ReplacedChip = z.infer<typeof ReplacedChip>;

/** A shard that moves: still on the old chip, sealed for the new one, moved, or deleted from the old one. */
export const ReplacedShard = z
  .strictObject({
    address: Address,
    part_index: PartIndex,
    record_id: Hash,
    state: z.enum(['open', 'sealed', 'moved', 'deleted']),
    sealed_hash: Hash.optional().meta({
      description: 'SHA-256 of the ciphertext for the new chip, while it is sealed',
    }),
  })
  .meta({ id: 'ReplacedShard' });
export type ReplacedShard = z.infer<typeof ReplacedShard>;

/** A replacement: whose, from which chip to which, and how far. Never a shard. */
export const ReplacementAnswer = z
  .strictObject({
    id: ReplacementId,
    username: Username,
    state: ReplacementState,
    retire: RetirementName,
    old_chip: ReplacedChip,
    new_chip: ReplacedChip,
    requested_at: Time,
    approved_by: Username.nullable(),
    shards: z.array(ReplacedShard).max(LIMITS.chipRecords),
  })
  .meta({ id: 'ReplacementAnswer' });
export type ReplacementAnswer = z.infer<typeof ReplacementAnswer>;

/** Replacements by identifier. */
export const ReplacementList = z
  .strictObject({ replacements: z.array(ReplacementAnswer).max(LIMITS.page.max), next: Next })
  .meta({ id: 'ReplacementList' });
export type ReplacementList = z.infer<typeof ReplacementList>;

/** The fingerprint of the new chip, which the holder gave through another channel. */
export const ReplacementApproval = z
  .strictObject({
    new_fingerprint: matching(
      /^([0-9a-f]{4}-){7}[0-9a-f]{4}$/,
      LIMITS.fingerprint,
      EXPECTED.fingerprint,
    ),
  })
  .meta({ id: 'ReplacementApproval' });
export type ReplacementApproval = z.infer<typeof ReplacementApproval>;

/** Asks to authorise one command of one chip. `release` also needs a certificate of the new chip. */
export const ReplacementStepRequest = z
  .strictObject({
    step: z.enum(['release', 'prove', 'delete', 'discard']),
    certificate: SessionCertificate,
    new_certificate: SessionCertificate.optional(),
    chip_challenge: ChipChallenge,
  })
  .meta({ id: 'ReplacementStepRequest' });
export type ReplacementStepRequest = z.infer<typeof ReplacementStepRequest>;

/** The authorisation; the stored ciphertext comes with `release`. */
export const ReplacementStepAnswer = z
  .strictObject({
    chip_challenge: ChipChallenge,
    signature: DerSignature,
    encrypted_shard: EncryptedShard.optional(),
  })
  .meta({ id: 'ReplacementStepAnswer' });
export type ReplacementStepAnswer = z.infer<typeof ReplacementStepAnswer>;

/** The ciphertext for the new chip, with that chip's certificate over its hash. */
export const ReplacementSeal = z
  .strictObject({ encrypted_shard: EncryptedShard, certificate: SessionCertificate })
  .meta({ id: 'ReplacementSeal' });
export type ReplacementSeal = z.infer<typeof ReplacementSeal>;

/** The old chip's receipt: its record is gone. */
export const ReplacementReceipt = z
  .strictObject({ certificate: SessionCertificate })
  .meta({ id: 'ReplacementReceipt' });
export type ReplacementReceipt = z.infer<typeof ReplacementReceipt>;
