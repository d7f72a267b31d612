/** The record of a signature. */
import { z } from 'zod';
import { type CommonRecord, commonRecord } from '../../records/commonRecord.ts';
import { keyIdSchema } from '../../records/keyRecord.ts';

interface SignRecord extends CommonRecord {
  readonly kind: 'sign';
  readonly key_id: string;
  readonly digest: string;
  /** Null as long as it is not known. */
  readonly signature: string | null;
}

/** Reads the record of a signature. */
export const SIGN_RECORD: z.ZodType<SignRecord> = z.strictObject({
  ...commonRecord,
  kind: z.literal('sign'),
  key_id: keyIdSchema,
  digest: z.string(),
  signature: z.string().nullable(),
});
