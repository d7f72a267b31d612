/** The record of a key generation. */
import { z } from 'zod';
import { type CommonRecord, commonRecord } from '../../records/commonRecord.ts';
import { keyIdSchema } from '../../records/keyRecord.ts';

interface KeygenRecord extends CommonRecord {
  readonly kind: 'keygen';
  /** Null before there is a key. */
  readonly key_id: string | null;
}

/** Reads the record of a key generation. */
export const KEYGEN_RECORD: z.ZodType<KeygenRecord> = z.strictObject({
  ...commonRecord,
  kind: z.literal('keygen'),
  key_id: keyIdSchema.nullable(),
});
