/**
 * Rounds, which the server relays without understanding them (docs/spec/wire.md §8), and a party's report of
 * an abort.
 */
import { z } from 'zod';
import { base64, base64Bytes, PartIndex, Sequence, SessionKey } from '../fields.ts';
import { LIMITS, roundBodyLimit } from '../limits.ts';
import { matching } from '../strings.ts';
import { EXPECTED, saying } from '../expectations.ts';

const ROUND_MAX = 16;

const signed = {
  from: PartIndex,
  to: PartIndex.nullable(),
  round: z.int().min(1).max(ROUND_MAX),
  body: base64(LIMITS.roundBody.pairwise),
  signature: base64Bytes(64),
};

const fields = { type: z.literal('round'), session_key: SessionKey, ...signed };

const fits = (message: { to: number | null; body: string }): boolean =>
  message.body.length <= roundBodyLimit(message.to);
const tooLong = { path: ['body'], ...saying(EXPECTED.roundBody) };

/** A round's message on its way to the server. */
export const ClientRound = z
  .strictObject({ ...fields, cseq: Sequence.optional() })
  .refine(fits, tooLong)
  .meta({ id: 'ClientRound', description: 'one message of a round, to one party or to everyone' });
export type ClientRound = z.infer<typeof ClientRound>;

/** A round's message as the server relays it. */
export const ServerRound = z
  .strictObject({ ...fields, seq: Sequence.optional() })
  .refine(fits, tooLong)
  .meta({ id: 'ServerRound', description: 'one message of a round, relayed unread' });
export type ServerRound = z.infer<typeof ServerRound>;

/** Why a party could not use a message that it waits for, or never got. */
export const RoundProblemReason = z
  .enum(['signature', 'decryption', 'decode', 'missing'])
  .meta({ id: 'RoundProblemReason' });
export type RoundProblemReason = z.infer<typeof RoundProblemReason>;

/** A party names the author of a message that holds it up: `from` is that author. */
export const RoundProblem = z
  .strictObject({
    type: z.literal('round_problem'),
    session_key: SessionKey,
    part_index: PartIndex,
    from: PartIndex,
    round: z.int().min(1).max(ROUND_MAX),
    reason: RoundProblemReason,
    cseq: Sequence.optional(),
  })
  .meta({ id: 'RoundProblem', description: 'reports whose message of a round could not be used' });
export type RoundProblem = z.infer<typeof RoundProblem>;

/** A signed message of a round, as evidence for somebody who was not there. */
export const Evidence = z.strictObject(signed).meta({ id: 'Evidence' });
export type Evidence = z.infer<typeof Evidence>;

/** Why a party stopped, and whom it holds responsible; nobody unless proven. */
export const Abort = z
  .strictObject({
    reason: matching(/^[a-z][a-z0-9-]{0,63}$/, 64, EXPECTED.reason),
    round: z.int().min(0).max(ROUND_MAX),
    culprits: z.array(PartIndex).max(LIMITS.parties),
    evidence: z.array(Evidence).max(LIMITS.evidence).optional(),
  })
  .meta({ id: 'Abort', description: 'why a party stopped and who is proven to be responsible' });
export type Abort = z.infer<typeof Abort>;

/** An accusation without proof. */
export const Claim = z
  .strictObject({ by: PartIndex, culprits: z.array(PartIndex).min(1).max(LIMITS.parties) })
  .meta({ id: 'Claim', description: 'whom a party accuses without proof' });
export type Claim = z.infer<typeof Claim>;
