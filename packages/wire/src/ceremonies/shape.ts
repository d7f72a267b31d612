/** Fields that every ceremony's answer and result have. */
import { z } from 'zod';
import { Cpic, PartIndex, Sequence, SessionKey, text } from '../fields.ts';

/** Of an answer to an invitation. */
export const responseFields = <T extends string>(type: T) => ({
  type: z.literal(type),
  session_key: SessionKey,
  part_index: PartIndex,
  cpic: Cpic,
  reason: text().optional(),
  cseq: Sequence.optional(),
});

/** Of an answer that declines, with its reason: whoever has no chip at hand leaves its name empty. */
export const declineFields = <T extends string>(type: T) => ({
  ...responseFields(type),
  cpic: z.union([Cpic, z.literal('')]),
  reason: text().min(1),
  accept: z.literal(false),
});

/** Of how a ceremony ended at one participant. */
export const resultFields = <T extends string>(type: T) => ({
  type: z.literal(type),
  session_key: SessionKey,
  part_index: PartIndex,
  message: text(),
  cseq: Sequence.optional(),
});
