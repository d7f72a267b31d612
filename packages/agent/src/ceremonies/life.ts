/**
 * The life of one session at one participant: its record on disk, its one way out, its end, and the limit
 * after which it says nothing more (docs/spec/channel.md §5).
 */
import { toHex } from '@quorate/intent';
import { messageOf } from '../errors.ts';
import type { SessionRecord } from '../records/sessionRecords.ts';
import type { CeremonyContext } from './context.ts';
import { SessionLimit } from './limit.ts';
import { Outlet } from './outlet.ts';
import { tellable } from './refusal.ts';

/** How long a session that may say nothing more goes on listening, milliseconds. */
const LISTENING_MS = 10 * 60_000;

/** Why a session ends by its own clock. */
export const EXPIRED = 'expired: what this participant approved is older than 10 minutes';

/** How a ceremony ended here. */
export type CeremonyEnd = Extract<
  SessionRecord['state'],
  'completed' | 'failed' | 'unknown_outcome'
>;

/** One session, from its invitation to its end. */
export abstract class SessionLife {
  abstract readonly kind: 'keygen' | 'sign';
  readonly sessionKey: string;
  readonly partIndex: number;
  /** Whatever is sent through it passes the session's outlet. */
  protected readonly context: CeremonyContext;
  protected readonly outlet: Outlet;
  /** Aborted once the session is over, whoever ended it. */
  protected readonly life: AbortController = new AbortController();
  protected intentHash: Uint8Array = new Uint8Array(32);
  /** Whether the coordinator has said that the session is over. */
  protected settled = false;
  /** While it may only listen: until when. */
  #listening: SessionLimit | undefined;

  constructor(context: CeremonyContext, sessionKey: string, partIndex: number) {
    this.outlet = new Outlet({
      clock: context,
      send: context.send,
      onPassed: () => this.expire(),
    });
    this.context = { ...context, send: (message) => this.outlet.send(message) };
    this.sessionKey = sessionKey;
    this.partIndex = partIndex;
  }

  /** Whether the session is over here. */
  get isOver(): boolean {
    return this.life.signal.aborted;
  }

  /** Whether it may only listen any more. */
  protected get isListening(): boolean {
    return this.#listening !== undefined;
  }

  /** What was certified is too old: the session ends, or only listens. */
  protected abstract onExpired(): void;

  /** Overwrites and drops everything that the session holds. */
  protected abstract wipe(): void;

  /** Whether anything was certified: only then there is a record. */
  protected abstract get isCertified(): boolean;

  /** What the record says beyond the common fields. */
  protected abstract recordFields(): Pick<SessionRecord, 'address' | 'digest' | 'signature'>;

  protected endState(): CeremonyEnd {
    return 'failed';
  }

  protected expire(): void {
    if (!this.isOver && !this.isListening) this.onExpired();
  }

  /** Says nothing more, but takes what still comes: what was sent in time may have made a signature. */
  protected listen(): void {
    this.outlet.silence();
    const end = this.context.now() + LISTENING_MS;
    this.#listening = new SessionLimit(this.context, end, LISTENING_MS, () =>
      this.finish(this.endState(), EXPIRED),
    );
    this.#writeRecordIfPossible('unknown_outcome', EXPIRED);
  }

  protected finish(state: CeremonyEnd, reason: string | null): void {
    this.life.abort(reason ?? undefined);
    this.outlet.close();
    this.#listening?.stop();
    this.wipe();
    if (this.isCertified) this.#writeRecordIfPossible(state, reason);
    const { sessionKey: session_key, partIndex: part_index, kind } = this;
    const level = state === 'completed' ? 'info' : 'warn';
    const detail = reason === null ? null : tellable(reason);
    this.context.logger[level]({ session_key, part_index, kind, state, detail }, 'session over');
    this.context.over(session_key);
  }

  protected writeRecord(state: SessionRecord['state'], reason: string | null): void {
    this.context.state.sessions.write({
      session_key: this.sessionKey,
      kind: this.kind,
      part_index: this.partIndex,
      state,
      intent_hash: toHex(this.intentHash),
      reason,
      settled: this.settled,
      not_after: this.outlet.notAfter,
      updated_at: this.context.now(),
      ...this.recordFields(),
    });
  }

  /** A disk that fails must not keep a session from ending: what is on it says `running`, hence lost. */
  #writeRecordIfPossible(state: CeremonyEnd, reason: string | null): void {
    try {
      this.writeRecord(state, reason);
    } catch (error) {
      const session_key = this.sessionKey;
      this.context.logger.error({ session_key, error: messageOf(error) }, 'session not recorded');
    }
  }
}
