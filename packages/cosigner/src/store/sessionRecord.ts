/** One session as stored, and its file. */
import { readIfPresent, replaceFile } from '@quorate/holder';
import { TwoPartySession } from '@quorate/wire';
import { z } from 'zod';
import { SetupError } from '../errors.ts';
import { parsedJson } from '../json.ts';

const FORMAT = 'quorate-two-party-session/v2';
/** The format from before request ids belonged to callers. */
const FORMAT_BEFORE = 'quorate-two-party-session/v1';

/** One session as it is kept. */
export interface SessionRecord {
  readonly session: TwoPartySession;
  readonly request_id: string | null;
  /** The caller that made the request; null if unknown, in records of an earlier version. */
  readonly caller: string | null;
  /** The content of the request: the same id with other content is a conflict. */
  readonly request: string;
}

const fields = {
  session: TwoPartySession,
  request_id: z.string().nullable(),
  request: z.string(),
};
const fileSchema = z.discriminatedUnion('format', [
  z.strictObject({ format: z.literal(FORMAT), caller: z.string().nullable(), ...fields }),
  z.strictObject({ format: z.literal(FORMAT_BEFORE), ...fields }),
]);

/** Whether the session's view no longer changes. */
export function isFinal(status: TwoPartySession['status']): boolean {
  return status === 'completed' || status === 'failed' || status === 'aborted';
}

/** Whether a session has ended; its outcome may still be unknown. */
export function isOver(status: TwoPartySession['status']): boolean {
  return isFinal(status) || status === 'unknown_outcome';
}

/** Reads a record. @throws SetupError `store/tampered` */
export function readSessionRecord(path: string): SessionRecord {
  const parsed = fileSchema.safeParse(parsedJson(readIfPresent(path) ?? ''));
  if (!parsed.success) {
    throw new SetupError('store/tampered', `${path} is not a session record`);
  }
  const { format: _, ...record } = parsed.data;
  return { caller: null, ...record };
}

/** Writes a record; on disk when the call returns. */
export function writeSessionRecord(path: string, record: SessionRecord): void {
  replaceFile(path, `${JSON.stringify({ format: FORMAT, ...record })}\n`);
}
