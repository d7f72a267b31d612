/** The record of a session that this process does not run. */
import { messageOf } from '@quorate/holder';
import type { SessionRecord } from '../records/sessionRecords.ts';
import type { CeremonyContext } from './context.ts';

/** Reads the record of a session that was certified here. */
export function recordOf(context: CeremonyContext, sessionKey: string): SessionRecord | undefined {
  const { used, sessions } = context.state;
  const partIndex = used.find(sessionKey);
  return partIndex === undefined ? undefined : sessions.read(sessionKey, partIndex);
}

/**
 * Notes that everybody knows the end of a session; `learn` adds a result that this participant could not know.
 */
export function settleRecord(
  context: CeremonyContext,
  sessionKey: string,
  learn: (record: SessionRecord) => SessionRecord = (record) => record,
): void {
  const record = recordOf(context, sessionKey);
  if (!record || record.settled) return;
  noteEnd(context, { ...learn(record), settled: true });
}

/**
 * Notes how a session stands, on disk with the next change: nobody is told anything because of it. A disk that fails
 * must not keep a session from ending, nor the coordinator's next message from being heard.
 */
export function noteEnd({ state, logger }: CeremonyContext, record: SessionRecord): void {
  try {
    state.sessions.note(record);
  } catch (error) {
    const { session_key } = record;
    logger.error({ session_key, error: messageOf(error) }, 'session not recorded');
  }
}
