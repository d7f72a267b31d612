/**
 * Destroying a key (docs/spec/destroy.md §1): in the shape of the sign messages.
 */
import { z } from 'zod';
import {
  Address,
  ChipChallenge,
  ChipId,
  DerSignature,
  Hash,
  PartIndex,
  Peer,
  Sequence,
  SessionCertificate,
  SessionKey,
  Threshold,
  Time,
  TotalParts,
  text,
  Username,
} from '../fields.ts';
import { LIMITS } from '../limits.ts';
import { type CeremonyShape, declineFields, responseFields, resultFields } from './shape.ts';
import { matching } from '../strings.ts';
import { EXPECTED } from '../expectations.ts';

const Holders = z.array(Username).min(1).max(LIMITS.parties);
const Reason = text(LIMITS.reason).min(1);
const Parties = matching(/^[1-9][0-9]?(?:,[1-9][0-9]?){0,31}$/, 95, EXPECTED.holders);

/** A holder who is not asked because its chip is registered as gone. */
export const AbsentHolder = z
  .strictObject({
    username: Username,
    part_index: PartIndex,
    chip_state: z.enum(['lost', 'destroyed']),
  })
  .meta({ id: 'AbsentHolder' });
export type AbsentHolder = z.infer<typeof AbsentHolder>;

/** A coordinator asks to destroy a key. */
export const DestroyRequest = z
  .strictObject({
    type: z.literal('destroy_request'),
    session_key: SessionKey,
    threshold: Threshold,
    total_parts: TotalParts,
    address: Address,
    reason: Reason,
    participants: Holders,
    cseq: Sequence.optional(),
  })
  .meta({ id: 'DestroyRequest', description: 'asks every holder to destroy its shard of a key' });
export type DestroyRequest = z.infer<typeof DestroyRequest>;

/** The server asks one holder to destroy its shard. */
export const DestroyInvite = z
  .strictObject({
    type: z.literal('destroy_invite'),
    session_key: SessionKey,
    address: Address,
    reason: Reason,
    part_index: PartIndex,
    se_id: ChipId,
    participants: Holders,
    absent: z.array(AbsentHolder).max(LIMITS.parties),
    coordinator: Username,
    threshold: Threshold,
    total_parts: TotalParts,
    expires_at: Time,
    seq: Sequence.optional(),
  })
  .meta({ id: 'DestroyInvite', description: 'asks a holder to destroy its shard' });
export type DestroyInvite = z.infer<typeof DestroyInvite>;

const response = responseFields('destroy_response');

/** A holder consents: its chip signed a certificate and gave a challenge. */
export const DestroyAccept = z.strictObject({
  ...response,
  accept: z.literal(true),
  session_certificate: SessionCertificate,
  chip_challenge: ChipChallenge,
});
export type DestroyAccept = z.infer<typeof DestroyAccept>;

/** A holder declines, with its reason. */
export const DestroyDecline = z.strictObject(declineFields('destroy_response'));
export type DestroyDecline = z.infer<typeof DestroyDecline>;

/** Answer to `destroy_invite`. */
export const DestroyResponse = z
  .discriminatedUnion('accept', [DestroyAccept, DestroyDecline])
  .meta({ id: 'DestroyResponse', description: 'consents, or declines with a reason' });
export type DestroyResponse = z.infer<typeof DestroyResponse>;

/** Every holder consented: `signature` is the DELETE authorisation of this participant's chip. */
export const DestroyParams = z
  .strictObject({
    type: z.literal('destroy_params'),
    session_key: SessionKey,
    address: Address,
    reason_hash: Hash,
    signature: DerSignature,
    parties: Parties,
    part_index: PartIndex,
    record_id: Hash,
    peers: z.array(Peer).min(1).max(LIMITS.parties),
    chip_challenge: ChipChallenge,
    seq: Sequence.optional(),
  })
  .meta({
    id: 'DestroyParams',
    description: 'everybody consented; the chip may delete its record',
  });
export type DestroyParams = z.infer<typeof DestroyParams>;

const result = resultFields('destroy_result');

/** The record is deleted, and the chip signed so. */
export const DestroySuccess = z.strictObject({
  ...result,
  success: z.literal(true),
  receipt: SessionCertificate,
});
export type DestroySuccess = z.infer<typeof DestroySuccess>;

/** The record is not deleted yet; the holder tries again when it registers. */
export const DestroyFailure = z.strictObject({ ...result, success: z.literal(false) });
export type DestroyFailure = z.infer<typeof DestroyFailure>;

/** Whether one holder's shard is deleted. */
export const DestroyResult = z
  .discriminatedUnion('success', [DestroySuccess, DestroyFailure])
  .meta({ id: 'DestroyResult', description: 'whether the record of one holder is gone' });
export type DestroyResult = z.infer<typeof DestroyResult>;

/** The fate of one holder's shard. */
export const DestroyedPart = z
  .strictObject({
    username: Username,
    part_index: PartIndex,
    outcome: z.enum(['deleted', 'lost', 'destroyed']),
  })
  .meta({ id: 'DestroyedPart' });
export type DestroyedPart = z.infer<typeof DestroyedPart>;

/** How the destruction ended. `parts` is empty if nothing was destroyed. */
export const DestroyComplete = z
  .strictObject({
    type: z.literal('destroy_complete'),
    session_key: SessionKey,
    address: Address,
    success: z.boolean(),
    message: text(LIMITS.details),
    parts: z.array(DestroyedPart).max(LIMITS.parties),
    seq: Sequence.optional(),
  })
  .meta({ id: 'DestroyComplete', description: 'how the destruction of a key ended' });
export type DestroyComplete = z.infer<typeof DestroyComplete>;

/** Destruction of a key: every chip deletes its record; no rounds. */
export const DESTROY = {
  request: DestroyRequest,
  invite: DestroyInvite,
  response: DestroyResponse,
  params: DestroyParams,
  result: DestroyResult,
  complete: DestroyComplete,
  rounds: 0,
  said: {
    completed: { en: 'the key was destroyed', zhCN: '密钥已销毁' },
    failed: { en: 'nothing was destroyed', zhCN: '密钥未销毁' },
  },
  named: [AbsentHolder, DestroyedPart],
} as const satisfies CeremonyShape<'destroy'>;
