/** The record of a session that this process does not run. */
import type { SessionRecord } from '../records/sessionRecords.ts';
import type { CeremonyContext } from './context.ts';

/** What is on disk of a session that was certified here. */
export function recordOf(context: CeremonyContext, sessionKey: string): SessionRecord | undefined {
  const { used, sessions } = context.state;
  const partIndex = used.find(sessionKey);
  return partIndex === undefined ? undefined : sessions.read(sessionKey, partIndex);
}

/**
 * Remembers that everybody knows how a session ended, which may have ended here before; `learn` adds what this
 * participant could not know.
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
