/**
 * Sessions that died with an earlier process: their round secrets were never on disk, so they cannot
 * go on. This agent reports them once, with everything that it knows of them (docs/spec/wire.md §10).
 */
import type { Kind } from '@quorate/wire';
import type { Outgoing } from '../link/outbox.ts';
import type { SessionState } from '../records/commonRecord.ts';
import type { SessionRecord, SessionRecordOf } from '../records/sessionRecords.ts';
import type { Ceremonies } from './ceremony.ts';
import type { CeremonyContext } from './context.ts';
import { noteEnd, recordOf } from './settle.ts';

/** The last sessions that are reported at a start; any other one is when a message about it comes. */
const RECENT_SESSIONS = 1024;

/** Answers for sessions that this process did not run. */
export class LostSessions {
  readonly #context: CeremonyContext;
  readonly #ceremonies: Ceremonies;

  constructor(context: CeremonyContext, ceremonies: Ceremonies) {
    this.#context = context;
    this.#ceremonies = ceremonies;
  }

  /** The sessions that somebody may still wait for. */
  recent(): readonly string[] {
    return this.#context.state.used.latest(RECENT_SESSIONS);
  }

  /** Tells how a session ended here, unless that is known. */
  report(sessionKey: string): void {
    const record = recordOf(this.#context, sessionKey);
    if (record === undefined || record.settled) return;
    const { now, send, logger } = this.#context;
    const { outcome, told } = outcomeOf(
      record,
      this.#ceremonies[record.kind].revealing !== undefined,
    );
    noteEnd(this.#context, { ...record, state: outcome, reason: told, updated_at: now() });
    send(this.#lastWord(record.kind, record, told));
    logger.warn({ session_key: sessionKey, outcome }, 'session was lost in a restart');
  }

  #lastWord<K extends Kind>(kind: K, record: SessionRecordOf<K>, told: string): Outgoing {
    return this.#ceremonies[kind].lastWord(this.#context, record, told);
  }
}

/** The end of a session of an earlier process, and its words for the others. */
function outcomeOf(
  record: SessionRecord,
  reveals: boolean,
): { readonly outcome: SessionState; readonly told: string } {
  if (record.state !== 'accepted' && record.state !== 'running') {
    return { outcome: record.state, told: record.reason ?? 'participant_restarted' };
  }
  // Its last round may have been sent, and then somebody may hold a result (N-12).
  const unknown = reveals && record.state === 'running';
  return { outcome: unknown ? 'unknown_outcome' : 'failed', told: 'participant_restarted' };
}
