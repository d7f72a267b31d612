/**
 * Signing (docs/spec/wire.md §6).
 */
import { z } from 'zod';
import {
  Address,
  base64Bytes,
  ChipChallenge,
  ChipId,
  DerSignature,
  Digest,
  EncryptedShard,
  Filename,
  Hash,
  PartIndex,
  Participants,
  Peers,
  Sequence,
  SessionCertificate,
  SessionKey,
  Signature,
  SignPayload,
  Threshold,
  Time,
  TotalParts,
  text,
  Username,
} from '../fields.ts';
import { LIMITS } from '../limits.ts';
import { type CeremonyShape, declineFields, responseFields, resultFields } from './shape.ts';
import { Abort } from '../messages/round.ts';
import { matching } from '../strings.ts';
import { EXPECTED } from '../expectations.ts';

/** A coordinator asks for a signature. */
export const SignRequest = z
  .strictObject({
    type: z.literal('sign_request'),
    session_key: SessionKey,
    threshold: Threshold,
    total_parts: TotalParts,
    data: Digest,
    address: Address,
    participants: Participants,
    payload: SignPayload.optional(),
    display: text().optional(),
    cseq: Sequence.optional(),
  })
  .meta({ id: 'SignRequest', description: 'asks the named holders for a signature' });
export type SignRequest = z.infer<typeof SignRequest>;

/** The server asks one holder to sign. `display` is unverified. */
export const SignInvite = z
  .strictObject({
    type: z.literal('sign_invite'),
    session_key: SessionKey,
    data: Digest,
    address: Address,
    part_index: PartIndex,
    se_id: ChipId,
    participants: Participants,
    payload: SignPayload.optional(),
    display: text().optional(),
    coordinator: Username,
    threshold: Threshold,
    total_parts: TotalParts,
    expires_at: Time,
    seq: Sequence.optional(),
  })
  .meta({ id: 'SignInvite', description: 'asks a holder to sign; display is unverified' });
export type SignInvite = z.infer<typeof SignInvite>;

const response = responseFields('sign_response');

/** A holder signs: its chip signed a certificate and gave a challenge. */
export const SignAccept = z.strictObject({
  ...response,
  accept: z.literal(true),
  session_certificate: SessionCertificate,
  chip_challenge: ChipChallenge,
});
export type SignAccept = z.infer<typeof SignAccept>;

/** A holder declines, with its reason. */
export const SignDecline = z.strictObject(declineFields('sign_response'));
export type SignDecline = z.infer<typeof SignDecline>;

/** Answer to `sign_invite`. */
export const SignResponse = z
  .discriminatedUnion('accept', [SignAccept, SignDecline])
  .meta({ id: 'SignResponse', description: 'signs, or declines with a reason' });
export type SignResponse = z.infer<typeof SignResponse>;

/** Every signer accepted: `signature` makes this participant's chip release its opener, once. */
export const SignParams = z
  .strictObject({
    type: z.literal('sign_params'),
    session_key: SessionKey,
    data: base64Bytes(32),
    address: Address,
    signature: DerSignature,
    parties: matching(/^[1-9][0-9]?(?:,[1-9][0-9]?){1,31}$/, 95, EXPECTED.signers),
    part_index: PartIndex,
    filename: Filename,
    encrypted_shard: EncryptedShard,
    record_id: Hash,
    peers: Peers,
    chip_challenge: ChipChallenge,
    seq: Sequence.optional(),
  })
  .meta({ id: 'SignParams', description: 'everybody accepted; the chip may release its opener' });
export type SignParams = z.infer<typeof SignParams>;

const result = resultFields('sign_result');

/** A signer has the signature. */
export const SignSuccess = z.strictObject({
  ...result,
  success: z.literal(true),
  signature: Signature,
});
export type SignSuccess = z.infer<typeof SignSuccess>;

/** A signer has no signature. */
export const SignFailure = z.strictObject({
  ...result,
  success: z.literal(false),
  signature: z.literal('').optional(),
  abort: Abort.optional(),
});
export type SignFailure = z.infer<typeof SignFailure>;

/** How the signature ended at one signer. */
export const SignResult = z
  .discriminatedUnion('success', [SignSuccess, SignFailure])
  .meta({ id: 'SignResult', description: 'how the signature ended at one signer' });
export type SignResult = z.infer<typeof SignResult>;

/** How the signature ended. `signature` is empty if it failed. */
export const SignComplete = z
  .strictObject({
    type: z.literal('sign_complete'),
    session_key: SessionKey,
    signature: z.union([Signature, z.literal('')]),
    success: z.boolean(),
    message: text(LIMITS.details),
    seq: Sequence.optional(),
  })
  .meta({ id: 'SignComplete', description: 'how the signature ended' });
export type SignComplete = z.infer<typeof SignComplete>;

/** Signing: rounds make the signature. */
export const SIGN = {
  request: SignRequest,
  invite: SignInvite,
  response: SignResponse,
  params: SignParams,
  result: SignResult,
  complete: SignComplete,
  rounds: 3,
  said: {
    completed: { en: 'signed', zhCN: '签名成功' },
    failed: { en: 'not signed', zhCN: '签名失败' },
  },
  named: [],
} as const satisfies CeremonyShape<'sign'>;
