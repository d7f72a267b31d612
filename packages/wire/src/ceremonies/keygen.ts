/**
 * Key generation (docs/spec/wire.md §5).
 */
import { z } from 'zod';
import {
  Address,
  ChipId,
  Cpic,
  EncryptedShard,
  Filename,
  Hash,
  PartIndex,
  Participants,
  Peers,
  PublicKey,
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
import { Abort } from '../messages/round.ts';

/** A coordinator asks for a key. */
export const KeygenRequest = z
  .strictObject({
    type: z.literal('keygen_request'),
    session_key: SessionKey,
    threshold: Threshold,
    total_parts: TotalParts,
    participants: Participants,
    cseq: Sequence.optional(),
  })
  .meta({ id: 'KeygenRequest', description: 'asks for a key with total_parts holders' });
export type KeygenRequest = z.infer<typeof KeygenRequest>;

/** The server asks one participant to take part. */
export const KeygenInvite = z
  .strictObject({
    type: z.literal('keygen_invite'),
    session_key: SessionKey,
    coordinator: Username,
    threshold: Threshold,
    total_parts: TotalParts,
    part_index: PartIndex,
    se_id: ChipId,
    participants: Participants,
    expires_at: Time,
    seq: Sequence.optional(),
  })
  .meta({ id: 'KeygenInvite', description: 'asks a participant to take part' });
export type KeygenInvite = z.infer<typeof KeygenInvite>;

const response = responseFields('keygen_response');

/** A participant takes part: its chip signed a certificate for this session. */
export const KeygenAccept = z.strictObject({
  ...response,
  accept: z.literal(true),
  session_certificate: SessionCertificate,
});
export type KeygenAccept = z.infer<typeof KeygenAccept>;

/** A participant declines, with its reason. */
export const KeygenDecline = z.strictObject(declineFields('keygen_response'));
export type KeygenDecline = z.infer<typeof KeygenDecline>;

/** Answer to `keygen_invite`. */
export const KeygenResponse = z
  .discriminatedUnion('accept', [KeygenAccept, KeygenDecline])
  .meta({ id: 'KeygenResponse', description: 'takes part, or declines with a reason' });
export type KeygenResponse = z.infer<typeof KeygenResponse>;

/** Every participant accepted: this one may begin. */
export const KeygenParams = z
  .strictObject({
    type: z.literal('keygen_params'),
    session_key: SessionKey,
    threshold: Threshold,
    total_parts: TotalParts,
    part_index: PartIndex,
    filename: Filename,
    peers: Peers,
    seq: Sequence.optional(),
  })
  .meta({ id: 'KeygenParams', description: 'everybody accepted; the rounds begin' });
export type KeygenParams = z.infer<typeof KeygenParams>;

const result = resultFields('keygen_result');

/** A participant has its share and hands over the ciphertext. */
export const KeygenSuccess = z.strictObject({
  ...result,
  success: z.literal(true),
  address: Address,
  cpic: Cpic,
  encrypted_shard: EncryptedShard,
  public_key: PublicKey,
  record_id: Hash,
});
export type KeygenSuccess = z.infer<typeof KeygenSuccess>;

/** A participant has no share; the other fields may be empty. */
export const KeygenFailure = z.strictObject({
  ...result,
  success: z.literal(false),
  address: z.union([Address, z.literal('')]).optional(),
  cpic: z.union([Cpic, z.literal('')]).optional(),
  encrypted_shard: z.literal('').optional(),
  public_key: z.union([PublicKey, z.literal('')]).optional(),
  record_id: z.union([Hash, z.literal('')]).optional(),
  abort: Abort.optional(),
});
export type KeygenFailure = z.infer<typeof KeygenFailure>;

/** How the key generation ended at one participant. */
export const KeygenResult = z
  .discriminatedUnion('success', [KeygenSuccess, KeygenFailure])
  .meta({ id: 'KeygenResult', description: 'how the key generation ended at one participant' });
export type KeygenResult = z.infer<typeof KeygenResult>;

/** How the key generation ended. `address` is empty if it failed. */
export const KeygenComplete = z
  .strictObject({
    type: z.literal('keygen_complete'),
    session_key: SessionKey,
    address: z.union([Address, z.literal('')]),
    success: z.boolean(),
    message: text(LIMITS.details),
    public_key: PublicKey.optional(),
    seq: Sequence.optional(),
  })
  .meta({ id: 'KeygenComplete', description: 'how the key generation ended' });
export type KeygenComplete = z.infer<typeof KeygenComplete>;

/** Key generation: rounds make the shares. */
export const KEYGEN = {
  request: KeygenRequest,
  invite: KeygenInvite,
  response: KeygenResponse,
  params: KeygenParams,
  result: KeygenResult,
  complete: KeygenComplete,
  rounds: 5,
  said: {
    completed: { en: 'the key was generated', zhCN: '密钥生成成功' },
    failed: { en: 'no key was generated', zhCN: '密钥生成失败' },
  },
  named: [],
} as const satisfies CeremonyShape<'keygen'>;
