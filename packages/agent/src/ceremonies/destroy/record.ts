/** The record of a destruction; consent and receipt stand in the key's record. */
import { z } from 'zod';
import { type CommonRecord, commonRecord } from '../../records/commonRecord.ts';
import { keyIdSchema } from '../../records/keyRecord.ts';

interface DestroyRecord extends CommonRecord {
  readonly kind: 'destroy';
  readonly key_id: string;
}

/** Reads the record of a destruction. */
export const DESTROY_RECORD: z.ZodType<DestroyRecord> = z.strictObject({
  ...commonRecord,
  kind: z.literal('destroy'),
  key_id: keyIdSchema,
});
