/**
 * Sessions that died with an earlier process: their round secrets were never on disk, so they cannot
 * go on. They are reported once, with what is known of them (docs/spec/wire.md §10).
 */
import { fromHex } from '@quorate/intent';
import type { SessionRecord } from '../records/sessionRecords.ts';
import { CERTIFICATE_LIFETIME_MS } from './certificates.ts';
import type { CeremonyContext } from './context.ts';
import { failedKeygenResult } from './keygen/keyFate.ts';
import { EXPIRED } from './life.ts';
import { failedSignResult, goodSignResult, isSignatureOf } from './sign/result.ts';

/** How many of the last sessions may have died with the process: more than run at once. */
const RECENT_SESSIONS = 256;

/** Answers for sessions that this process did not run. */
export class LostSessions {
  readonly #context: CeremonyContext;
  readonly #reported: (sessionKey: string) => void;

  constructor(context: CeremonyContext, reported: (sessionKey: string) => void) {
    this.#context = context;
    this.#reported = reported;
  }

  /** Reports those that may still be waited for. */
  reportRecent(): void {
    for (const sessionKey of this.#context.state.used.latest(RECENT_SESSIONS)) {
      this.report(sessionKey);
    }
  }

  /** Tells how a session ended here, unless that is known. */
  report(sessionKey: string): void {
    const context = this.#context;
    const record = this.#recordOf(sessionKey);
    this.#reported(sessionKey);
    if (!record || record.settled) return;
    const { outcome, told } = lastWord(record);
    context.state.sessions.write({
      ...record,
      state: outcome,
      reason: told,
      updated_at: context.now(),
    });
    const { part_index: partIndex, signature } = record;
    if (record.kind !== 'sign') {
      context.send(failedKeygenResult(context, sessionKey, partIndex, told));
    } else if (signature === null) {
      context.send(failedSignResult(sessionKey, partIndex, told));
    } else if (isTooOld(record, context.now())) {
      // Whoever held this agent's result back must not get it from a restart.
      context.send(failedSignResult(sessionKey, partIndex, `unknown_outcome: ${EXPIRED}`));
    } else {
      context.send(goodSignResult(sessionKey, partIndex, signature));
    }
    context.logger.warn({ session_key: sessionKey, outcome }, 'session was lost in a restart');
  }

  /**
   * Remembers that everybody knows how a session ended, which may have ended here before; and its signature,
   * if this participant could not know whether there is one.
   */
  settle(sessionKey: string, signature?: string): void {
    const record = this.#recordOf(sessionKey);
    if (!record || record.settled) return;
    const found = signature !== undefined && proves(record, signature) ? { signature } : undefined;
    this.#context.state.sessions.write({
      ...record,
      ...(found ? { ...found, state: 'completed', reason: null } : {}),
      settled: true,
    });
  }

  #recordOf(sessionKey: string): SessionRecord | undefined {
    const { used, sessions } = this.#context.state;
    const partIndex = used.find(sessionKey);
    return partIndex === undefined ? undefined : sessions.read(sessionKey, partIndex);
  }
}

/** Whether a signature is the one that a session without one was about. */
function proves({ signature: known, digest, address }: SessionRecord, signature: string): boolean {
  if (known !== null || digest === null || address === null) return false;
  return isSignatureOf(signature, fromHex(digest), address);
}

/** Whether this participant no longer stands by what it certified; records of an older version do not say. */
const isTooOld = ({ not_after, updated_at }: SessionRecord, now: number): boolean =>
  now >= (not_after ?? updated_at + CERTIFICATE_LIFETIME_MS);

/** How a session of an earlier process ended, and what the others are told of it. */
function lastWord(record: SessionRecord): { outcome: SessionRecord['state']; told: string } {
  if (record.state !== 'accepted' && record.state !== 'running') {
    return { outcome: record.state, told: record.reason ?? 'participant_restarted' };
  }
  // Its last round may have been sent, and then somebody may hold a signature (N-12).
  const unknown = record.kind === 'sign' && record.state === 'running';
  return { outcome: unknown ? 'unknown_outcome' : 'failed', told: 'participant_restarted' };
}
