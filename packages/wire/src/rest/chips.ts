/**
 * The chip registry (docs/spec/coordinator.md §5).
 */
import { z } from 'zod';
import {
  ChipId,
  ChipPublicKey,
  Cpic,
  DerSignature,
  Digest,
  Time,
  text,
  Username,
} from '../fields.ts';
import { Next } from './common.ts';
import { LIMITS } from '../limits.ts';
import { bounded, matching } from '../strings.ts';
import { EXPECTED, saying } from '../expectations.ts';

const Label = text(100);

/** The state of a chip; only active ones take part, and destroyed is final. */
export const ChipStateName = z
  .enum(['active', 'lost', 'disabled', 'destroyed'])
  .meta({ id: 'ChipStateName' });
export type ChipStateName = z.infer<typeof ChipStateName>;

/** The kind that a chip claims when registered; nothing proves it. Software is `virtual`. */
export const ChipKindName = z
  .enum(['virtual', 'pcsc', 'pkcs11', 'unknown'])
  .meta({ id: 'ChipKindName', description: 'claimed at the registration, not proven' });
export type ChipKindName = z.infer<typeof ChipKindName>;

/** The key that authorises chips to release: chips are personalised with it. */
export const AuthorisationKeyAnswer = z
  .strictObject({ public_key: ChipPublicKey, fingerprint: bounded(64) })
  .meta({ id: 'AuthorisationKeyAnswer' });
export type AuthorisationKeyAnswer = z.infer<typeof AuthorisationKeyAnswer>;

/** No fields; the challenge is for the caller. */
export const ChipChallengeRequest = z.strictObject({}).meta({ id: 'ChipChallengeRequest' });
export type ChipChallengeRequest = z.infer<typeof ChipChallengeRequest>;

/** A nonce for the chip's REGISTER command, valid once. */
export const ChipChallengeAnswer = z
  .strictObject({ nonce: Digest, expires_at: Time })
  .meta({ id: 'ChipChallengeAnswer' });
export type ChipChallengeAnswer = z.infer<typeof ChipChallengeAnswer>;

/** A chip with the proof of its presence: its signature over the nonce. */
export const ChipRegistration = z
  .strictObject({
    username: Username,
    se_id: ChipId,
    cpic: Cpic,
    public_key: ChipPublicKey,
    nonce: Digest,
    proof: DerSignature,
    label: Label.optional(),
    kind: ChipKindName.optional(),
  })
  .meta({ id: 'ChipRegistration' });
export type ChipRegistration = z.infer<typeof ChipRegistration>;

/** Changes that an administrator makes to a chip. */
export const ChipPatch = z
  .strictObject({ state: ChipStateName.optional(), label: Label.optional() })
  .refine((patch) => Object.keys(patch).length > 0, saying(EXPECTED.change))
  .meta({ id: 'ChipPatch' });
export type ChipPatch = z.infer<typeof ChipPatch>;

/** A chip of the registry. */
export const ChipAnswer = z
  .strictObject({
    se_id: ChipId,
    username: Username,
    cpic: Cpic,
    public_key: ChipPublicKey,
    fingerprint: bounded(LIMITS.fingerprint).meta({ description: 'short, for people to compare' }),
    label: Label,
    state: ChipStateName,
    kind: ChipKindName,
    registered_at: Time,
  })
  .meta({ id: 'ChipAnswer' });
export type ChipAnswer = z.infer<typeof ChipAnswer>;

/** Chips by identifier. */
export const ChipList = z
  .strictObject({ chips: z.array(ChipAnswer).max(LIMITS.page.max), next: Next })
  .meta({ id: 'ChipList' });
export type ChipList = z.infer<typeof ChipList>;

/** An administrator's order: one try of the chip's PUK. */
export const ChipUnblockRequest = z
  .strictObject({
    challenge: matching(/^(0x)?[0-9a-fA-F]{32}$/, 34, EXPECTED.hex16).meta({
      description: 'the answer of the chip to GET CHALLENGE',
    }),
    authority: matching(/^[0-9a-fA-F]{32}$/, 32, EXPECTED.hex16)
      .optional()
      .meta({
        description:
          'first 16 bytes of SHA-256 of the authorisation key of the chip, as GET INFO shows it',
      }),
  })
  .meta({ id: 'ChipUnblockRequest' });
export type ChipUnblockRequest = z.infer<typeof ChipUnblockRequest>;

/** For the chip, with its PUK and a new PIN; valid once. */
export const ChipUnblockAnswer = z
  .strictObject({ se_id: ChipId, username: Username, authorisation: DerSignature })
  .meta({ id: 'ChipUnblockAnswer' });
export type ChipUnblockAnswer = z.infer<typeof ChipUnblockAnswer>;
