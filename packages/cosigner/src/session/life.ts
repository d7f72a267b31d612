/** What the parts of a session share: its stand, mail, clocks, line to the protocol thread, and end. */
import { encodeMail, type End, farewellOf, messageOfRound, shownEnd } from '@quorate/two-party';
import type { CosignerCode, TwoPartySession as SessionView } from '@quorate/wire';
import { CosignerError, messageOf } from '../errors.ts';
import { Courier } from '../peer/courier.ts';
import type { KeyRecord } from '../store/keyRecords.ts';
import type { SessionEvent } from '../worker/protocol.ts';
import type { ThreadPort } from '../worker/threads.ts';
import { PromisedRoom } from './chipRoom.ts';
import { discardShare } from './commit.ts';
import type { Proposal, SessionContext } from './context.ts';
import { Deadlines } from './deadlines.ts';
import { lockCode } from './keyState.ts';
import { stepTimes } from './stepTimes.ts';
import { Waiters } from './waiters.ts';

/** How long the last messages of a session are repeated after its end, milliseconds. */
const FAREWELL_MS = 30_000;

/** Where a session stands; silent: its key has a lock that is not on disk. */
export type Phase = 'agreeing' | 'starting' | 'running' | 'storing' | 'stored' | 'silent' | 'over';

/** The life of one session. */
export class SessionLife {
  readonly context: SessionContext;
  readonly proposal: Proposal;
  readonly courier: Courier;
  readonly clocks: Deadlines;
  readonly waiters: Waiters = new Waiters();
  /** The record of the chip that a set-up was promised. */
  readonly room: PromisedRoom;
  #phase: Phase = 'agreeing';
  /** Where its work stands, whether or not anything is said of it. */
  #work: Phase = 'agreeing';
  /** P2's last message has left. */
  #outcomeLeft = false;
  readonly #over = new AbortController();
  #port: ThreadPort | undefined;
  #held: string | undefined;
  readonly #enter: ReturnType<typeof stepTimes>;

  constructor(context: SessionContext, proposal: Proposal) {
    this.context = context;
    this.proposal = proposal;
    this.#enter = stepTimes(proposal.type, (...seen) => context.onStep?.(...seen));
    const { name } = proposal.partner;
    this.room = new PromisedRoom(context.room);
    this.courier = new Courier(proposal.id, (message) => context.send(name, message));
    this.clocks = new Deadlines(context.config.deadlines.session, context.now, (which) => {
      if (this.#phase === 'silent') this.#endUntold();
      else this.fail('timeout', `${name} was waited for too long (${which})`);
    });
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** What is over stays so, and what is silent speaks no more until it is over. */
  set phase(next: Phase) {
    if (this.isOver) return;
    if (next !== 'silent') this.#work = next;
    if (this.#phase !== 'silent' || next === 'over') this.#phase = next;
  }

  get isOver(): boolean {
    return this.#phase === 'over';
  }

  /** Whether it hears anything. */
  get isDeaf(): boolean {
    return this.#phase === 'over' || this.#phase === 'silent';
  }

  /** Is aborted when the session is over or silent: nobody is to decide on it, nothing to be looked for. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  get view(): SessionView {
    const record = this.context.store.sessions.find(this.proposal.id);
    if (record === undefined) throw new Error('unreachable: a session without a record');
    return record.session;
  }

  /** The key that the session is about, if there is one yet. */
  get key(): KeyRecord | undefined {
    const { keySessionId } = this.proposal;
    return keySessionId === null ? undefined : this.context.store.keys.find(keySessionId);
  }

  /** A refresh may have become the key since both sides meant another epoch. @throws CosignerError */
  checkEpoch(epoch: number | undefined): void {
    if (this.key?.share.epoch !== epoch) throw new CosignerError('epoch_mismatch');
  }

  /** The line to the protocol thread. */
  get port(): ThreadPort {
    if (this.#port === undefined) throw new Error('unreachable: no thread');
    return this.#port;
  }

  /** Opens the line to the protocol thread. @throws CosignerError */
  open(onEvent: (event: SessionEvent) => void): void {
    const { id, keySessionId } = this.proposal;
    this.#port = this.context.threads.open(id, keySessionId ?? id, onEvent);
  }

  /** Opens a key for this session; undefined when the session ended or fell silent meanwhile. */
  async hold(key: KeyRecord): Promise<string | undefined> {
    const { type } = this.proposal;
    const purpose = type === 'refresh' ? 'refresh' : 'sign';
    this.#held = await this.context.keyring.hold(key.session_id, this.port, purpose);
    if (this.isDeaf) this.#release();
    return this.#held;
  }

  /** Changes what REST shows. */
  show(change: Partial<SessionView>): void {
    if (change.step) this.#enter(change.step);
    this.context.store.sessions.update(this.proposal.id, change);
  }

  /** A message of a round left or came. */
  moved(round: number): void {
    const step = messageOfRound(this.proposal.type, round)?.step;
    if (step !== undefined && step !== this.view.step) this.show({ step });
    this.armStep();
  }

  /** Looks at the clock before anything is said, since timers sleep with the machine; after its last word it listens on. */
  inTime(): boolean {
    if (this.clocks.left > 0 || this.#outcomeLeft) return true;
    if (!this.isDeaf) this.fail('timeout', 'the time of the session is over (session)');
    return false;
  }

  /** A step begins. */
  armStep(): void {
    const { step, setup_step: setUp } = this.context.config.deadlines;
    this.clocks.arm('step', this.proposal.type === 'sign' ? step : setUp);
  }

  /** Runs a part of the session; what it throws ends the session. */
  working(work: () => Promise<void>): void {
    work().catch((error: unknown) => this.#failed(error));
  }

  /** The same for what the thread says: nothing that cannot be written ends the process. */
  surviving(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (this.isDeaf) return;
    const known = error instanceof CosignerError;
    if (!known) {
      const fields = { session_id: this.proposal.id, error: messageOf(error) };
      this.context.logger.error(fields, 'session failed');
    }
    this.fail(known ? error.code : 'internal', messageOf(error));
  }

  /** Only the partner knows from now on what comes of the session. */
  leaveOutcome(): void {
    this.#outcomeLeft = true;
  }

  /** `last` is still sent, once the end is on disk. */
  complete(shown: Partial<SessionView>, last?: () => void): void {
    this.#finish({ status: 'completed', shown: { ...shown, step: 'StepCompleted' }, last });
  }

  /** Failed on this side; the partner is told. */
  fail(code: CosignerCode, reason: string): void {
    const failed = code === 'internal' || code === 'chip_refused';
    this.#finish({ status: failed ? 'failed' : 'aborted', code, reason });
  }

  /** Ended without anybody's fault here: by a person, by a failed check. */
  abort(code: CosignerCode, reason: string): void {
    this.#finish({ status: 'aborted', code, reason });
  }

  /** Ended by the partner; one that does not know the session does not know what came of it either. */
  abortedByPartner(code: CosignerCode, reason: string): void {
    // Of a share that waits, only the key record tells.
    const answered = this.proposal.type === 'sign' && code !== 'unknown_session';
    this.#finish({ status: 'aborted', code, reason, answered });
  }

  #finish(end: End): void {
    if (this.isOver) return;
    const { context, courier, proposal } = this;
    const { code, untold = false } = end;
    if (!untold && context.locks.isUnwritten(proposal.keySessionId)) return this.#fallSilent();
    // P2 keeps what it said it has stored: only P1 knows whether it became the key. What is on its
    // way to the chip is discarded when it is there.
    const unsaid = !(this.#work === 'stored' && context.index === 2) && this.#work !== 'storing';
    this.phase = 'over';
    this.clocks.close();
    this.#leaveThread();
    // A share that is on its way to the chip keeps its place until it is there.
    if (this.#work !== 'storing') this.room.giveUp();
    if (code !== undefined && unsaid) this.#discard();
    const told = this.#keepEnd(end);
    if (told === undefined) end.last?.();
    else if (!untold) this.#farewell(told);
    this.#over.abort();
    this.waiters.wakeAll();
    context.onOver(proposal.id);
    const gone = (): void => {
      clearTimeout(late);
      courier.close();
      context.onGone(proposal.id);
    };
    const late = setTimeout(gone, FAREWELL_MS);
    late.unref();
    courier.whenEmpty(gone);
  }

  /**
   * Puts the end on disk; gives the code that the partner is told. P1's signature that cannot be written is
   * none: what P1 says after a restart must be what it said before, and nobody has seen it.
   */
  #keepEnd(end: End): CosignerCode | undefined {
    const { step } = this.view;
    const { code, answered = false, shown } = end;
    const open = this.#outcomeLeft && !answered;
    const kept = this.#keep(shownEnd(end, open));
    if (kept || shown?.signature === undefined || this.context.index === 2) return code;
    const reason = 'the signature cannot be written';
    const failed = shownEnd({ status: 'failed', code: 'internal', reason }, false);
    this.#keep({ ...failed, signature: null, step });
    return 'internal';
  }

  /** A lock that is not written for so long is no reason to wait longer here. */
  #endUntold(): void {
    const reason = 'the lock of the key cannot be written';
    const { context, key } = this;
    const code = key === undefined ? 'key_locked' : lockCode(context.locks.locked(key));
    this.#finish({ status: 'aborted', code, reason, untold: true });
  }

  /** The partner is told of no end until the lock is on disk; here it comes with the deadline at the latest. */
  #fallSilent(): void {
    this.phase = 'silent';
    this.clocks.disarm('step');
    this.clocks.disarm('preparing');
    this.clocks.resume();
    this.courier.clear();
    this.#over.abort('the lock of its key cannot be written');
    this.#leaveThread();
  }

  /** The key stays open as long as the thread may work with it. */
  #leaveThread(): void {
    void (this.#port?.end() ?? Promise.resolve()).then(() => this.#release());
  }

  /** A share that nobody confirmed and that cannot be removed now is not used, and removed at a start. */
  #discard(): void {
    try {
      discardShare(this.context, this.proposal);
    } catch (error) {
      const fields = { session_id: this.proposal.id, error: messageOf(error) };
      this.context.logger.error(fields, 'a share that is not needed cannot be removed');
    }
  }

  /** What is shown of an end is not worth the process: keys and locks have files of their own. */
  #keep(end: Partial<SessionView>): boolean {
    try {
      this.show(end);
      return true;
    } catch (error) {
      const fields = { session_id: this.proposal.id, error: messageOf(error) };
      this.context.logger.error(fields, 'the end of a session cannot be written');
      return false;
    }
  }

  #farewell(code: CosignerCode): void {
    this.courier.clear();
    const plaintext = encodeMail(farewellOf(code));
    this.courier.post({ type: 'abort', round: 0, plaintext, signature: '' });
  }

  #release(): void {
    if (this.#held !== undefined) this.context.keyring.release(this.#held);
    this.#held = undefined;
  }
}
