/** The record that a session of each kind leaves. A new kind has a line here. */
import { DESTROY_RECORD } from './destroy/record.ts';
import { KEYGEN_RECORD } from './keygen/record.ts';
import { SIGN_RECORD } from './sign/record.ts';

/** A reader for the records of each kind. */
export const RECORDS: {
  readonly keygen: typeof KEYGEN_RECORD;
  readonly sign: typeof SIGN_RECORD;
  readonly destroy: typeof DESTROY_RECORD;
} = {
  keygen: KEYGEN_RECORD,
  sign: SIGN_RECORD,
  destroy: DESTROY_RECORD,
};
