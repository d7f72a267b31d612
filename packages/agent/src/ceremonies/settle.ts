/** The record of a session that this process does not run. */
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
  context.state.sessions.write({ ...learn(record), settled: true });
}
