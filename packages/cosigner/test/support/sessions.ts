/** Records of sessions for tests that need no protocol. */
import type { TwoPartySession } from '@quorate/wire';
import type { SessionRecord } from '../../src/store/sessionRecords.ts';
import { KEY } from './records.ts';

/** The time of every record, milliseconds since 1970. */
export const AT: number = 500 * 86_400_000;

/** The id of a session. */
export const idOf = (number: number): string => number.toString(16).padStart(32, '0');

/** What a signature makes of a session. */
export const SIGNED = { status: 'completed', signature: `0x${'11'.repeat(64)}1b` } as const;

const view = (id: string, change: Partial<TwoPartySession>): TwoPartySession => ({
  session_id: id,
  type: 'sign',
  status: 'aborted',
  step: null,
  partner: 'p2',
  initiator: 'p2',
  key_session_id: KEY,
  address: null,
  public_key: null,
  message: 'x',
  hash: 'eip191',
  digest: null,
  signature: null,
  error: null,
  created_at: AT,
  updated_at: AT,
  ...change,
});

/** A record. */
export const recordOf = (
  number: number,
  change: Partial<TwoPartySession> = {},
  asked: Partial<SessionRecord> = {},
): SessionRecord => ({
  session: view(idOf(number), change),
  caller: null,
  request_id: null,
  request: '',
  ...asked,
});
