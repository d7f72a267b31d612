/** The fields of every session's record, of any kind. */
import { z } from 'zod';

/** The form of a session key. */
export const SESSION_KEY: RegExp = /^[A-Za-z0-9._:-]{1,128}$/;

/** The end of a session here. */
export type SessionEnd = 'completed' | 'failed' | 'unknown_outcome';

/** The state of a session. */
export type SessionState = 'accepted' | 'running' | SessionEnd;

/** The record of a session: nothing secret, yet nobody else's business. */
export interface CommonRecord {
  readonly session_key: string;
  readonly part_index: number;
  readonly state: SessionState;
  readonly intent_hash: string;
  readonly reason: string | null;
  /** Whether the coordinator has said that the session is over: then nobody needs to hear of it any more. */
  readonly settled: boolean;
  /** The time until which this participant stands by its certificate; milliseconds since 1970. */
  readonly not_after?: number | undefined;
  /** milliseconds since 1970 */
  readonly updated_at: number;
}

/** Reads the fields of {@link CommonRecord}. */
export const commonRecord: {
  readonly [F in keyof CommonRecord]-?: z.ZodType<CommonRecord[F]>;
} = {
  session_key: z.string().regex(SESSION_KEY),
  part_index: z.int(),
  state: z.enum(['accepted', 'running', 'completed', 'failed', 'unknown_outcome']),
  intent_hash: z.string(),
  reason: z.string().nullable(),
  settled: z.boolean(),
  not_after: z.number().optional(),
  updated_at: z.number(),
};
