/**
 * Carries out what the session of `@quorate/two-party` asks for: on the disk, the chip, the protocol thread and the link.
 * Openers and primes pass through here on their way, and never reach the session's state.
 */
import { messageOf } from '@quorate/holder';
import {
  type AnswerEvent,
  type Deed,
  type Effect,
  hex0x,
  isDeed,
  isWork,
  type ThreadEvent,
  type Work,
} from '@quorate/two-party';
import type { TwoPartySession as SessionView } from '@quorate/wire';
import { CosignerError } from '../errors.ts';
import { ReliableSender } from '../peer/reliableSender.ts';
import type { KeyRecord } from '../store/keyRecords.ts';
import type { NewShare, SessionEvent } from '../worker/protocol.ts';
import { PromisedRoom } from './chipRoom.ts';
import { activateShare, discardShare, storeShare } from './commit.ts';
import type { Proposal, SessionContext } from './context.ts';
import { type Deadline, Deadlines } from './deadlines.ts';
import { stepTimes } from './stepTimes.ts';
import { TakenPrimes } from './takenPrimes.ts';
import { threadEventOf, ThreadLine } from './threadLine.ts';
import { recordVerdict } from './verdict.ts';
import { OwnTurn } from './turns.ts';
import { Waiters } from './waiters.ts';

/** How long the last messages of a session are repeated after its end, milliseconds. */
const FAREWELL_MS = 30_000;

/** The session of a runner: hears the answers of effects. */
export interface Listener {
  /** Resolves when its record is on disk. */
  recorded(): Promise<void>;
  answered(answer: AnswerEvent): void;
  /** Work that takes its time came to nothing. */
  failed(error: unknown, answer: 'failed' | 'unstored'): void;
  threadSaid(event: ThreadEvent): void;
  late(which: Deadline): void;
}

/** Carries out the effects of one session. */
export class EffectRunner {
  readonly sender: ReliableSender;
  readonly clocks: Deadlines;
  readonly waiters: Waiters = new Waiters();
  readonly #context: SessionContext;
  readonly #proposal: Proposal;
  readonly #listener: Listener;
  readonly #room: PromisedRoom;
  readonly #primes: TakenPrimes;
  readonly #turn: OwnTurn;
  readonly #thread: ThreadLine;
  /** Nobody is to decide on the session any more, nothing to be looked for. */
  readonly #over = new AbortController();
  readonly #enter: ReturnType<typeof stepTimes>;
  /** Secret: its opener, until that is on the chip or wiped. */
  #made: NewShare | undefined;

  constructor(context: SessionContext, proposal: Proposal, listener: Listener) {
    const { id, partner, type } = proposal;
    this.#context = context;
    this.#proposal = proposal;
    this.#listener = listener;
    this.#enter = stepTimes(type, (...seen) => context.onStep?.(...seen));
    this.#room = new PromisedRoom(context.room);
    this.#primes = new TakenPrimes(context.stock, this.#over.signal);
    this.#turn = new OwnTurn(context.turns, context.config.deadlines, this.#over.signal);
    this.#thread = new ThreadLine(context, proposal);
    this.sender = new ReliableSender(id, (message) => context.send(partner.name, message));
    const { session } = context.config.deadlines;
    this.clocks = new Deadlines(session, context.now, (which) => listener.late(which));
  }

  get view(): SessionView {
    const record = this.#context.store.sessions.find(this.#proposal.id);
    if (record === undefined) throw new Error('unreachable: a session without a record');
    return record.session;
  }

  /** The key that the session is about, if there is one yet. */
  get key(): KeyRecord | undefined {
    const { keySessionId } = this.#proposal;
    return keySessionId === null ? undefined : this.#context.store.keys.find(keySessionId);
  }

  /** Carries out one effect; gives the answer of one that is done when the call returns. */
  carryOut(effect: Effect): AnswerEvent | undefined {
    if (isDeed(effect)) return this.#accomplish(effect);
    if (!isWork(effect)) this.#do(effect);
    else {
      this.#work(effect).then(
        (answer) => this.#listener.answered(answer),
        (error: unknown) =>
          this.#listener.failed(error, effect.do === 'store' ? 'unstored' : 'failed'),
      );
    }
    return undefined;
  }

  #accomplish(effect: Deed): AnswerEvent {
    const { id, keySessionId } = this.#proposal;
    switch (effect.do) {
      case 'activate':
        activateShare(this.#context, keySessionId ?? id);
        return { type: 'activated' };
      case 'judge':
        recordVerdict(this.#context, this.#proposal, effect.verdict);
        return { type: 'judged', verdict: effect.verdict };
      default:
        return effect satisfies never;
    }
  }

  async #work(effect: Work): Promise<AnswerEvent> {
    switch (effect.do) {
      case 'reserve':
        await this.#listener.recorded();
        await this.#room.take(this.#proposal.type);
        return { type: 'reserved' };
      case 'ask':
        return { type: 'decided', ...(await this.#decision(effect.intent)) };
      case 'takePrimes':
        await this.#primes.take(effect.count);
        return { type: 'primed' };
      case 'takeTurn':
        await this.#turn.take(this.#proposal.partner.name, () => this.clocks.left);
        return { type: 'turn' };
      case 'prepareKeys':
        return { type: 'prepared', keys: await this.#thread.prepare() };
      case 'certify':
        return {
          type: 'certified',
          certificate: await this.#context.vault.certify(effect.payload),
        };
      case 'hold':
        await this.#thread.hold(this.#found());
        return { type: 'held' };
      case 'store':
        await storeShare(this.#context, this.#proposal, this.#share());
        return { type: 'stored' };
      case 'keep':
        return { type: (await this.#keep(effect.shown)) ? 'kept' : 'unkept' };
      default:
        return effect satisfies never;
    }
  }

  #do(effect: Exclude<Effect, Deed | Work>): void {
    const { logger, send } = this.#context;
    const { id, partner } = this.#proposal;
    switch (effect.do) {
      case 'openThread':
        return this.#thread.open((event) => this.#onThread(event));
      case 'start':
        return this.#thread.start(effect, this.key, () => this.#primes.use());
      case 'deliver':
        return this.#thread.deliver(effect.frame);
      case 'deliverJudged':
        return this.#thread.deliverJudged(effect.frame);
      case 'leaveThread':
        this.#turn.giveUp();
        return this.#thread.leave();
      case 'giveUpTurn':
        return this.#turn.giveUp();
      case 'post':
        return this.sender.post(effect.mail);
      case 'tell':
        return void send(partner.name, { ...effect.mail, sessionId: id, seq: 0 });
      case 'clearMail':
        return this.sender.cancelAll();
      case 'arm':
        return this.clocks.arm(effect.which, effect.seconds);
      case 'disarm':
        return this.clocks.disarm(effect.which);
      case 'pause':
        return this.clocks.pause();
      case 'resume':
        return this.clocks.resume();
      case 'closeClocks':
        return this.clocks.close();
      case 'show':
        return this.#show(effect.change);
      case 'warn': {
        const fields = { session_id: id, round: effect.round, reason: effect.reason };
        return logger.warn(fields, 'a message was ignored');
      }
      case 'wipeShare':
        return void this.#share().opener.fill(0);
      case 'discard':
        return this.#discard();
      case 'giveUpRoom':
        return this.#room.giveUp();
      case 'abandon':
        return this.#over.abort('the lock of its key cannot be written');
      case 'close':
        return this.#close();
      default:
        return effect satisfies never;
    }
  }

  #onThread(event: SessionEvent): void {
    if (event.event === 'share') this.#made = event.share;
    this.#listener.threadSaid(threadEventOf(event));
  }

  #share(): NewShare {
    if (this.#made === undefined) throw new Error('unreachable: no share was made');
    return this.#made;
  }

  #found(): KeyRecord {
    const { key } = this;
    if (key === undefined) throw new CosignerError('unknown_key');
    return key;
  }

  async #decision(intent: Uint8Array): ReturnType<SessionContext['approvals']['decide']> {
    const { approvals, config } = this.#context;
    const { id, type, partner, message } = this.#proposal;
    const approvalTime = config.deadlines.approval * 1000;
    const expiry = new AbortController();
    // A timer holds what it ends: on Node 20 a signal of AbortSignal.timeout inside of any() is collected and never comes.
    const clock = setTimeout(() => {
      expiry.abort(new DOMException('no answer in time', 'TimeoutError'));
    }, approvalTime).unref();
    const request = {
      sessionId: id,
      type,
      partner: partner.name,
      address: this.view.address,
      message: message?.text ?? null,
      hash: message?.hash ?? null,
      digest: message === null ? null : hex0x(message.digest),
      intent,
      timeLeft: Math.min(approvalTime, this.clocks.left),
    };
    const over = AbortSignal.any([this.#over.signal, expiry.signal]);
    const approval = await approvals.decide(request, over);
    clearTimeout(clock);
    return approval;
  }

  #show(change: Partial<SessionView>): void {
    if (change.step) this.#enter(change.step);
    this.#context.store.sessions.show(this.#proposal.id, change);
  }

  /** Failing to show an end must not end the process: keys and locks have files of their own. */
  async #keep(end: Partial<SessionView>): Promise<boolean> {
    try {
      await this.#context.store.sessions.end(this.#proposal.id, end);
      if (end.step) this.#enter(end.step);
      return true;
    } catch (error) {
      this.#log(error, 'the end of a session cannot be written');
      return false;
    }
  }

  /** If the share cannot be removed now, nobody uses it, and the next start removes it. */
  #discard(): void {
    try {
      discardShare(this.#context, this.#proposal);
    } catch (error) {
      this.#log(error, 'a share that is not needed cannot be removed');
    }
  }

  #log(error: unknown, what: string): void {
    const fields = { session_id: this.#proposal.id, error: messageOf(error) };
    this.#context.logger.error(fields, what);
  }

  #close(): void {
    const { onGone, onOver } = this.#context;
    const { id } = this.#proposal;
    this.#over.abort();
    this.waiters.wakeAll();
    onOver(id);
    const gone = (): void => {
      clearTimeout(late);
      this.sender.close();
      onGone(id);
    };
    const late = setTimeout(gone, FAREWELL_MS);
    late.unref();
    this.sender.whenEmpty(gone);
  }
}
