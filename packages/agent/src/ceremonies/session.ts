/**
 * What key generation and signing have in common at one participant: consent, certificate,
 * parameters, rounds, result. Messages drive it; steps of one session never overlap (J-6).
 */
import { sessionHash } from '@quorate/intent';
import type { Abort } from '@quorate/wire';
import type { ApprovalQuestion } from '../approval/index.ts';
import { messageOf } from '../errors.ts';
import type { RoundFrame, SessionAbort } from '../protocol/orders.ts';
import type { SessionEvent, SessionPort } from '../protocol/pool.ts';
import { CERTIFICATE_LIFETIME_MS, certificatePayload } from './certificates.ts';
import { askInTime } from './consent.ts';
import type { CeremonyContext } from './context.ts';
import { EXPIRED, SessionLife } from './life.ts';
import { refuseUnless, tellable } from './refusal.ts';
import { RoundProblems } from './roundProblems.ts';
import { keepEvidence, tellableReason, wireAbort } from './told.ts';

/** Frames that may wait while the chip is asked for the shard; more than any session has. */
const MAX_BUFFERED_FRAMES = 32 * 2 * 5;

/** Our own certificate, and what the chip calls it. */
export interface OwnCertificate {
  readonly bytes: Uint8Array;
  readonly payload: Uint8Array;
  /** 32 bytes */
  readonly sessionHash: Uint8Array;
}

/** One session at one participant. */
export abstract class Ceremony extends SessionLife {
  protected certificate: OwnCertificate | undefined;
  /** The session id, once every certificate was checked. */
  protected sid: Uint8Array | undefined;
  protected certificates: readonly Uint8Array[] = [];
  /** The highest round that we have sent. */
  protected sentRound = 0;
  #port: SessionPort | undefined;
  #hasParams = false;
  #running = false;
  #waiting: RoundFrame[] = [];
  #steps: Promise<void> = Promise.resolve();
  readonly #problems: RoundProblems;

  constructor(context: CeremonyContext, sessionKey: string, partIndex: number) {
    super(context, sessionKey, partIndex);
    const { knows, patience } = context;
    this.#problems = new RoundProblems({
      sessionKey,
      partIndex,
      knows,
      patience,
      send: (message) => this.outlet.send(message, () => knows('round_problem')),
      askWaiting: () => this.#port?.askWaiting(),
    });
  }

  /** Answers the invitation. */
  begin(): void {
    this.step(() => this.invited());
  }

  /** A round message; kept until the protocol runs. */
  receiveRound(frame: RoundFrame): void {
    if (this.isOver) return;
    if (this.#running) return this.#port?.receive(frame);
    if (this.#waiting.length < MAX_BUFFERED_FRAMES) this.#waiting.push(frame);
  }

  /** The coordinator says that the session is over. */
  endedByCoordinator(reason: string): void {
    this.settled = true;
    if (!this.isOver) this.finish(this.endState(), reason);
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

  /** Stops without a word: the agent is going down. */
  stop(): void {
    if (!this.isOver) this.finish(this.endState(), 'the agent stopped');
  }

  /** Whether this session uses the share of this key. */
  abstract uses(address: string): boolean;

  /** Whether this session depends on the pairwise state with one of these parties. */
  abstract involves(address: string, peers: readonly number[]): boolean;

  /** Checks the invitation, asks for consent, sends the answer. */
  protected abstract invited(): Promise<void>;

  /** Handles what the protocol thread says of the result. */
  protected abstract onResult(event: Extract<SessionEvent, { event: 'key' | 'signature' }>): void;

  protected abstract sendDecline(reason: string): void;

  protected abstract sendFailure(message: string, abort?: Abort): void;

  /** Persists bans before anything else is said; false when that failed and nothing may be said. */
  protected abstract onBans(abort: SessionAbort): boolean;

  /** What was certified is too old: everything is wiped, and nothing of the protocol is sent any more. */
  protected onExpired(): void {
    this.fail(EXPIRED);
  }

  protected get isCertified(): boolean {
    return this.certificate !== undefined;
  }

  protected wipe(): void {
    this.#problems.stop();
    this.#port?.end();
    this.#waiting = [];
  }

  /** Acts on the first parameters; whatever comes after them is a replay, or somebody's trick. */
  protected onParams(start: () => Promise<void>): void {
    if (this.#hasParams) return;
    this.#hasParams = true;
    this.step(start);
  }

  /** Runs the steps of this session one after another; a refusal ends the session. */
  protected step(work: () => Promise<void>, skipped: () => void = () => undefined): void {
    this.#steps = this.#steps.then(async () => {
      if (this.outlet.passed) this.expire();
      if (this.isOver) return skipped();
      try {
        await work();
      } catch (error) {
        this.#stepFailed(error);
      }
    });
  }

  /** Asks for consent; false when the session ended meanwhile or consent was refused. */
  protected async consented(question: ApprovalQuestion, expiresAt: number): Promise<boolean> {
    const approval = await askInTime(this.context, question, expiresAt, this.life.signal);
    if (approval === undefined) this.fail('the invitation expired');
    if (approval === undefined || this.isOver) return false;
    if (approval.accept) return true;
    this.#decline(approval.reason);
    return false;
  }

  /** Makes the one certificate of this session, after its session key is on disk. */
  protected async certify(intent: Uint8Array, affinity: string | null): Promise<OwnCertificate> {
    const { context, sessionKey, partIndex } = this;
    this.intentHash = intent;
    this.#port = context.pool.open(sessionKey, affinity, (event) => this.#onEvent(event));
    const prepared = await this.#port.prepare();
    refuseUnless(!this.isOver, 'aborted', 'the session ended');
    this.writeRecord('accepted', null);
    refuseUnless(
      context.state.used.add(sessionKey, partIndex),
      'session_key_used',
      'this session key was answered before',
    );
    const now = context.now();
    this.outlet.limit(now + CERTIFICATE_LIFETIME_MS, CERTIFICATE_LIFETIME_MS);
    const payload = certificatePayload(this.kind, sessionKey, partIndex, prepared, intent, now);
    const der = await context.chip.signSession(payload);
    this.certificate = {
      bytes: Buffer.concat([payload, der]),
      payload,
      sessionHash: sessionHash(context.chip.publicKey, payload),
    };
    return this.certificate;
  }

  /** Starts the protocol and hands it the frames that came early. */
  protected startProtocol(start: (port: SessionPort) => void): void {
    if (!this.#port || this.isOver) return;
    this.writeRecord('running', null);
    start(this.#port);
    this.#running = true;
    for (const frame of this.#waiting) this.#port.receive(frame);
    this.#waiting = [];
  }

  #stepFailed(error: unknown): void {
    if (this.isOver) return;
    const { logger } = this.context;
    const session_key = this.sessionKey;
    logger.warn({ session_key, error: messageOf(error) }, 'session step failed');
    if (this.certificate) this.fail(tellableReason(error));
    else this.#decline(tellableReason(error));
  }

  #decline(reason: string): void {
    this.sendDecline(tellable(reason));
    this.finish('failed', reason);
  }

  #onEvent(event: SessionEvent): void {
    try {
      this.#handle(event);
    } catch (error) {
      const session_key = this.sessionKey;
      this.context.logger.error({ session_key, error: messageOf(error) }, 'session event failed');
      this.fail(tellableReason(error));
    }
  }

  #handle(event: SessionEvent): void {
    // A ban counts, also when it was found in the moment in which the session ended otherwise.
    if (event.event === 'aborted') return this.#onAbort(event.abort);
    if (this.isOver) {
      if (event.event === 'key') event.opener.fill(0);
      return;
    }
    switch (event.event) {
      case 'frames':
        return this.#sendFrames(event.frames);
      case 'ignored': {
        const { round, from, reason, awaited } = event;
        const session_key = this.sessionKey;
        this.context.logger.warn({ session_key, round, from, reason }, 'round ignored');
        return awaited ? this.#problems.ignored(from, round, reason) : undefined;
      }
      case 'waiting':
        return this.#problems.missing(event.peers, event.round);
      case 'key':
      case 'signature':
        return this.onResult(event);
      case 'refused':
        return this.fail(tellable(`${event.reason}: ${event.message}`));
    }
  }

  #sendFrames(frames: readonly RoundFrame[]): void {
    for (const frame of frames) {
      const { sessionKey: session_key } = this;
      if (!this.outlet.send({ type: 'round', session_key, ...frame })) return;
      this.sentRound = Math.max(this.sentRound, frame.round);
    }
    this.#problems.spoke();
  }

  /** Order: bans on disk, evidence on disk, then the word to the others (O-12). */
  #onAbort(abort: SessionAbort): void {
    if (abort.bans.length > 0 && !this.onBans(abort)) return;
    const { context, sessionKey, sid, certificates } = this;
    if (sid) keepEvidence(context, sessionKey, { sid, certificates }, abort);
    const named = abort.culprits.length > 0 ? ` by part ${abort.culprits.join(', ')}` : '';
    this.fail(`aborted: ${abort.reason}${named}`, wireAbort(abort));
  }
}
