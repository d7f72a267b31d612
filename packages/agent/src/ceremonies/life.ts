/**
 * The life of one session at one participant: its record on disk, its one way out, its end, and the limit
 * after which it says nothing more (docs/spec/channel.md §5).
 */
import { toHex } from '@quorate/intent';
import type { Abort, Kind } from '@quorate/wire';
import type { SessionEnd, SessionState } from '../records/commonRecord.ts';
import type { SessionRecord } from '../records/sessionRecords.ts';
import type { Role } from './ceremony.ts';
import type { CeremonyContext } from './context.ts';
import { SessionLimit } from './limit.ts';
import { Outlet } from './outlet.ts';
import { tellable } from './refusal.ts';
import { noteEnd } from './settle.ts';

/** The time that a session listens on after it may say nothing more, milliseconds. */
const LISTENING_MS = 10 * 60_000;

/** The reason of a session that ends by its own clock. */
export const EXPIRED = 'expired: what this participant approved is older than 10 minutes';

/** One session, from its invitation to its end. */
export abstract class SessionLife {
  abstract readonly kind: Kind;
  readonly sessionKey: string;
  readonly partIndex: number;
  /** Everything sent through it passes the session's outlet. */
  readonly context: CeremonyContext;
  protected readonly outlet: Outlet;
  /** Aborted once the session is over, whoever ended it. */
  protected readonly life: AbortController = new AbortController();
  /** Whether nobody needs to hear of the session any more. */
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
  get isListening(): boolean {
    return this.#listening !== undefined;
  }

  /** Writes where the session stands; on disk when it resolves. */
  async keep(state: SessionState): Promise<void> {
    await this.context.state.sessions.write(this.recordOf(state, null));
  }

  /** Settles the session: nobody needs to hear of it any more. */
  settle(): void {
    this.settled = true;
  }

  /** Ends the session from inside, telling the others. */
  fail(reason: string, abort?: Abort): void {
    if (this.isOver) return;
    const state = this.endState();
    const told = state === 'unknown_outcome' ? `unknown_outcome: ${reason}` : reason;
    this.outlet.lastWord();
    this.sendFailure(told, abort);
    this.finish(state, reason);
  }

  /** Ends the session without a word. */
  finish(state: SessionEnd, reason: string | null): void {
    this.close(reason);
    // Until it is on disk, the record says `running`, hence lost.
    if (this.isCertified) noteEnd(this.context, this.recordOf(state, reason));
    const { sessionKey: session_key, partIndex: part_index, kind } = this;
    const level = state === 'completed' ? 'info' : 'warn';
    const detail = reason === null ? null : tellable(reason);
    this.context.logger[level]({ session_key, part_index, kind, state, detail }, 'session over');
    this.context.over(session_key);
  }

  /** Wipes and releases everything that the session holds. */
  protected abstract wipe(): void;

  /** Whether anything was certified: only then there is a record. */
  protected abstract get isCertified(): boolean;

  /** The kind's part, once the invitation was checked. */
  protected abstract get role(): Role<Kind> | undefined;

  /** Whether somebody may hold a result because of our messages. */
  protected abstract get mayBeRevealed(): boolean;

  /** Tells the others that this participant cannot go on. */
  protected abstract sendFailure(told: string, abort?: Abort): void;

  /** The end that the session would have now. */
  protected endState(): SessionEnd {
    if (this.role?.standing === 'completed') return 'completed';
    return this.mayBeRevealed ? 'unknown_outcome' : 'failed';
  }

  /** Stops everything of the session. */
  protected close(reason: string | null): void {
    this.life.abort(reason ?? 'the session ended');
    this.outlet.close();
    this.#listening?.stop();
    this.wipe();
  }

  protected expire(): void {
    if (!this.isOver && !this.isListening) this.#onExpired();
  }

  /** Ends, or silences, a session whose certificate is too old: nothing more of the protocol is sent. */
  #onExpired(): void {
    switch (this.role?.standing) {
      case 'answered':
        return undefined;
      case 'completed':
        return this.finish('completed', null);
      case 'open':
      case undefined:
        // Once the last round is out, a result may exist: we listen for it, so that it is not lost.
        return this.mayBeRevealed ? this.#listen() : this.fail(EXPIRED);
    }
  }

  /** Says nothing more, but takes everything that still comes: messages sent in time may have made a signature. */
  #listen(): void {
    this.outlet.silence();
    const end = this.context.now() + LISTENING_MS;
    this.#listening = new SessionLimit(this.context, end, LISTENING_MS, () =>
      this.finish(this.endState(), EXPIRED),
    );
    noteEnd(this.context, this.recordOf('unknown_outcome', EXPIRED));
  }

  /** The session's record as it would be now. */
  protected recordOf(state: SessionState, reason: string | null): SessionRecord {
    if (this.role === undefined) throw new TypeError('unreachable: nothing was agreed to');
    return this.role.record({
      session_key: this.sessionKey,
      part_index: this.partIndex,
      state,
      intent_hash: toHex(this.role.intentHash),
      reason,
      settled: this.settled,
      not_after: this.outlet.notAfter,
      updated_at: this.context.now(),
    });
  }
}
