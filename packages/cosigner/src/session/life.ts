/** What the parts of a session share: its stand, mail, clocks, line to the protocol thread, and end. */
import {
  COSIGNER_CODES,
  type CosignerCode,
  type PeerAbort,
  type PeerSync,
  type TwoPartySession as SessionView,
} from '@quorate/wire';
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
import { encodeMail } from './mail.ts';
import { messageOfRound } from './steps.ts';
import { stepTimes } from './stepTimes.ts';
import { toldCode } from './told.ts';

/** How long the last messages of a session are repeated after its end, milliseconds. */
const FAREWELL_MS = 30_000;

/** Where a session stands; silent: its key has a lock that is not on disk. */
export type Phase = 'agreeing' | 'starting' | 'running' | 'storing' | 'stored' | 'silent' | 'over';

interface End {
  readonly status: 'completed' | 'failed' | 'aborted';
  readonly code?: CosignerCode;
  readonly reason?: string;
  readonly shown?: Partial<SessionView>;
  /** Here alone: the partner hears of it when the lock is on disk, and it asks. */
  readonly untold?: boolean;
}

/** The life of one session. */
export class SessionLife {
  readonly context: SessionContext;
  readonly proposal: Proposal;
  readonly courier: Courier;
  readonly clocks: Deadlines;
  /** The record of the chip that a set-up was promised. */
  readonly room: PromisedRoom;
  #phase: Phase = 'agreeing';
  /** Where its work stands, whether or not anything is said of it. */
  #work: Phase = 'agreeing';
  readonly #over = new AbortController();
  readonly #waiters: (() => void)[] = [];
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
    this.clocks = new Deadlines(context.config.deadlines.session, (which) => {
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
    this.#held = await this.context.keyring.hold(
      key.session_id,
      this.port,
      type === 'refresh' ? 'refresh' : 'sign',
    );
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

  /** A step begins. */
  armStep(): void {
    const { step, setup_step: setUp } = this.context.config.deadlines;
    this.clocks.arm('step', this.proposal.type === 'sign' ? step : setUp);
  }

  /** Ends when the session does, or after that many seconds. */
  async settled(seconds: number): Promise<void> {
    if (this.isOver || seconds <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000);
      timer.unref();
      this.#waiters.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
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

  complete(shown: Partial<SessionView>): void {
    this.#finish({ status: 'completed', shown: { ...shown, step: 'StepCompleted' } });
  }

  /** Failed on this side; the partner is told. */
  fail(code: CosignerCode, reason: string): void {
    const failed = code === 'internal' || code === 'chip_refused';
    this.#finish({ status: failed ? 'failed' : 'aborted', code, reason });
  }

  /** Ended without anybody's fault here: by the partner, by a person, by a failed check. */
  abort(code: CosignerCode, reason: string): void {
    this.#finish({ status: 'aborted', code, reason });
  }

  #finish({ status, code, reason = '', shown = {}, untold = false }: End): void {
    if (this.isOver) return;
    const { context, courier, proposal } = this;
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
    const error = code === undefined ? null : { code, message: shownReason(code, reason) };
    this.#keep({ ...shown, status, error });
    if (code !== undefined && !untold) this.#farewell(code);
    this.#over.abort(error?.message);
    for (const wake of this.#waiters.splice(0)) wake();
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
  #keep(end: Partial<SessionView>): void {
    try {
      this.show(end);
    } catch (error) {
      const fields = { session_id: this.proposal.id, error: messageOf(error) };
      this.context.logger.error(fields, 'the end of a session cannot be written');
    }
  }

  #farewell(code: CosignerCode): void {
    const told = toldCode(code);
    const abort: PeerAbort = { code: told, reason: COSIGNER_CODES[told].en };
    this.courier.clear();
    const plaintext = encodeMail(abort);
    this.courier.post({ type: 'abort', round: 0, plaintext, signature: '' });
  }

  /** For the partner's display and deadlines; lost, it does no harm. */
  tellStatus(status: string): void {
    if (this.proposal.initiator === 'own') return;
    this.context.send(this.proposal.partner.name, {
      type: 'session_sync',
      sessionId: this.proposal.id,
      round: 0,
      seq: 0,
      plaintext: encodeMail({ status } satisfies PeerSync),
      signature: '',
    });
  }

  #release(): void {
    if (this.#held !== undefined) this.context.keyring.release(this.#held);
    this.#held = undefined;
  }
}

function shownReason(code: CosignerCode, reason: string): string {
  const text = COSIGNER_CODES[code].en;
  return reason === '' || reason === text ? text : `${text}: ${reason}`.slice(0, 400);
}
