/** One session as it is kept. */
import { TwoPartySession } from '@quorate/wire';
import { z } from 'zod';

/** One session as it is kept. */
export interface SessionRecord {
  readonly session: TwoPartySession;
  readonly request_id: string | null;
  /** The caller that made the request; null if unknown, in records of an earlier version. */
  readonly caller: string | null;
  /** The content of the request: the same id with other content is a conflict. */
  readonly request: string;
}

/** The fields of every version. */
export const SESSION_FIELDS: {
  readonly session: typeof TwoPartySession;
  readonly request_id: z.ZodNullable<z.ZodString>;
  readonly request: z.ZodString;
} = {
  session: TwoPartySession,
  request_id: z.string().nullable(),
  request: z.string(),
};

/** A record of this version. */
export const sessionRecordSchema: z.ZodType<SessionRecord> = z.strictObject({
  ...SESSION_FIELDS,
  caller: z.string().nullable(),
});

/** Whether the session's view no longer changes. */
export function isFinal(status: TwoPartySession['status']): boolean {
  return status === 'completed' || status === 'failed' || status === 'aborted';
}

/** Whether a session has ended; its outcome may still be unknown. */
export function isOver(status: TwoPartySession['status']): boolean {
  return isFinal(status) || status === 'unknown_outcome';
}
