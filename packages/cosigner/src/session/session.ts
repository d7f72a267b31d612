/**
 * One session of two parties at one side: what is agreed, who is waited for, and what the protocol
 * thread is told. Nothing secret passes through it but openers and primes on their way.
 */
import { fromHex, verifySignature } from '@quorate/intent';
import { deriveSessionId, lockAfter } from '@quorate/tss';
import {
  COSIGNER_CODES,
  type CosignerCode,
  isCosignerCode,
  PeerAbort,
  PeerInit,
  PeerSync,
  type TwoPartySession as SessionView,
} from '@quorate/wire';
import { CosignerError, messageOf } from '../errors.ts';
import { hex0x } from '../message.ts';
import type { PeerMessage } from '../peer/connection.ts';
import { Courier } from '../peer/courier.ts';
import type { KeyRecord } from '../store/keyRecords.ts';
import type { NewShare, PrimesFor, SessionAbort, SessionEvent } from '../worker/protocol.ts';
import type { ThreadPort } from '../worker/threads.ts';
import { certify, checkCertificate, intentOf } from './certificates.ts';
import { activateShare, discardShare, storeShare } from './commit.ts';
import type { Proposal, SessionContext } from './context.ts';
import { Deadlines } from './deadlines.ts';
import { decodeMail, encodeMail } from './mail.ts';
import { firstStep, isExpected, messageOfRound } from './steps.ts';
import { toldCode } from './told.ts';

/** How long the last messages of a session are repeated after its end, milliseconds. */
const FAREWELL_MS = 30_000;
/** How long a partner may look for primes, seconds. */
const PREPARING_S = 15 * 60;
/** Rounds that came before the partner's certificate did. */
const MAX_EARLY = 8;

/** One session. */
export class TwoPartySession {
  readonly proposal: Proposal;
  readonly #context: SessionContext;
  readonly #courier: Courier;
  readonly #deadlines: Deadlines;
  readonly #over = new AbortController();
  readonly #early: PeerMessage[] = [];
  readonly #waiters: (() => void)[] = [];
  #port: ThreadPort | undefined;
  #held: string | undefined;
  #certificate: Uint8Array | undefined;
  #intent: Uint8Array = new Uint8Array(32);
  #primes: PrimesFor | undefined;
  #phase: 'agreeing' | 'starting' | 'running' | 'storing' | 'stored' | 'over' = 'agreeing';
  #partnerStored = false;
  #spoken = false;

  constructor(context: SessionContext, proposal: Proposal) {
    this.#context = context;
    this.proposal = proposal;
    const { name } = proposal.partner;
    this.#courier = new Courier(proposal.id, (message) => context.send(name, message));
    this.#deadlines = new Deadlines((which) => {
      this.#fail('timeout', `${name} was waited for too long (${which})`);
    });
  }

  get id(): string {
    return this.proposal.id;
  }

  get isOver(): boolean {
    return this.#phase === 'over';
  }

  get view(): SessionView {
    const record = this.#context.store.sessions.find(this.id);
    if (record === undefined) throw new Error('unreachable: a session without a record');
    return record.session;
  }

  /** Begins what this side's REST asked for. */
  begin(): void {
    this.#working(async () => {
      await this.#prepare();
      await this.#propose();
    });
  }

  /** Answers what the partner asked for. */
  respond(init: PeerInit): void {
    this.#working(async () => {
      const key = this.#key();
      this.#intent = intentOf(this.#context, this.proposal, key);
      const { keys, bytes } = checkCertificate(
        this.#context,
        this.proposal,
        init.certificate,
        this.#intent,
      );
      if (!(await this.#approved())) return;
      await this.#prepare();
      await this.#certify();
      this.#postInit(true);
      await this.#start(bytes, keys);
    });
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

  /** The partner is connected again. */
  resend(): void {
    this.#courier.resend();
  }

  /** The partner has a message, and says where it stands. */
  acknowledged(seq: number, status: string): void {
    this.#courier.acknowledged(seq);
    this.#heard(status);
  }

  /** Takes a message of the partner; the caller acknowledges it. */
  receive(message: PeerMessage): void {
    if (message.seq > 0 && !this.#courier.isNew(message.seq)) return;
    if (this.isOver) return;
    if (message.type === 'two_party_sign_init') return this.#receiveInit(message);
    if (message.type === 'abort') return this.#receiveAbort(message);
    if (message.type === 'session_sync') return this.#receiveSync(message);
    return this.#receiveRound(message);
  }

  /** P1 said by another message that this key is active; it is. */
  confirmed(): void {
    if (this.#phase === 'stored') this.#complete({});
  }

  /** Ends the session from outside: the key was locked, or the server stops. */
  stop(code: CosignerCode, reason: string): void {
    this.#fail(code, reason);
  }

  #receiveInit(message: PeerMessage): void {
    const init = decodeMail(PeerInit, message.plaintext);
    if (init?.reply !== true || this.proposal.initiator !== 'own' || this.#phase !== 'agreeing') {
      return;
    }
    this.#working(async () => {
      const { keys, bytes } = checkCertificate(
        this.#context,
        this.proposal,
        init.certificate,
        this.#intent,
      );
      await this.#start(bytes, keys);
    });
  }

  #receiveAbort(message: PeerMessage): void {
    const abort = decodeMail(PeerAbort, message.plaintext);
    const code = abort !== undefined && isCosignerCode(abort.code) ? abort.code : 'aborted';
    this.#finish('aborted', code, `by ${this.proposal.partner.name}: ${COSIGNER_CODES[code].en}`);
  }

  #receiveSync(message: PeerMessage): void {
    const sync = decodeMail(PeerSync, message.plaintext);
    if (sync === undefined) return;
    if (sync.status !== undefined) this.#heard(sync.status);
    if (sync.signature !== undefined) this.#receiveSignature(sync.signature);
    if (sync.phase === 'stored' && this.#context.index === 1) {
      this.#partnerStored = true;
      this.#commit();
    }
    const active = sync.phase === 'active' || sync.status === 'completed';
    if (active && this.#context.index === 2 && this.#phase === 'stored') this.#activate();
  }

  /** P1 completed and restarted before P2 had the last message: the signature speaks for itself. */
  #receiveSignature(text: string): void {
    const { message, type } = this.proposal;
    const address = this.view.address;
    if (type !== 'sign' || message === null || address === null) return;
    const signature = fromHexSafely(text);
    if (signature === undefined || !verifySignature(message.digest, signature, address)) return;
    this.#complete({ signature: hex0x(signature) });
  }

  #receiveRound(message: PeerMessage): void {
    const from = this.#context.index === 1 ? 2 : 1;
    if (!isExpected(this.proposal.type, message, from)) return;
    if (this.#phase === 'agreeing' || this.#phase === 'starting') {
      if (this.#early.length < MAX_EARLY) this.#early.push(message);
      return;
    }
    if (this.#phase !== 'running') return;
    this.#moved(message.round);
    this.#port?.receive({
      round: message.round,
      from,
      to: this.#context.index,
      body: Buffer.from(message.plaintext).toString('base64'),
      signature: message.signature,
    });
  }

  /** Where the partner stands, before its certificate is here. */
  #heard(status: string): void {
    if (this.#phase !== 'agreeing' || this.proposal.initiator !== 'own' || !this.#spoken) return;
    const { deadlines } = this.#context.config;
    if (status === 'preparing') {
      this.#deadlines.arm('session', PREPARING_S);
      this.#deadlines.arm('step', PREPARING_S);
    } else if (status === 'awaiting_approval' && this.view.status !== 'awaiting_approval') {
      this.#deadlines.arm('step', deadlines.approval + deadlines.step);
      this.#show({ status: 'awaiting_approval' });
    }
  }

  /** Primes for a key generation or a refresh, and the ephemeral keys. */
  async #prepare(): Promise<void> {
    const { stock, threads, index, config } = this.#context;
    const { type, id, keySessionId } = this.proposal;
    if (type !== 'sign') {
      this.#show({ status: 'preparing' });
      this.#tellStatus('preparing');
      const [pedersen, paillier] = await stock.take(index === 1 ? 2 : 1, this.#over.signal);
      if (pedersen === undefined) throw new Error('unreachable: no primes were taken');
      this.#primes = paillier === undefined ? { pedersen } : { pedersen, paillier };
      this.#show({ status: 'created' });
    }
    if (this.isOver) throw new CosignerError('aborted');
    this.#port = threads.open(id, keySessionId ?? id, (event) => this.#onThread(event));
    this.#deadlines.arm('session', config.deadlines.session);
  }

  async #propose(): Promise<void> {
    const { config } = this.#context;
    const { deadlines } = config;
    this.#intent = intentOf(this.#context, this.proposal, this.#key());
    await this.#certify();
    this.#spoken = true;
    this.#deadlines.arm('step', deadlines.approval + deadlines.step);
    this.#postInit(false);
  }

  async #certify(): Promise<void> {
    const prepared = await this.#port?.prepare();
    if (prepared === undefined) throw new Error('unreachable: no thread');
    this.#certificate = await certify(this.#context, this.proposal, prepared, this.#intent);
    if (this.isOver) throw new CosignerError('aborted');
  }

  #postInit(reply: boolean): void {
    const { type, keySessionId, message } = this.proposal;
    const key = this.#key();
    const certificate = Buffer.from(this.#certificate ?? []).toString('base64');
    const init: PeerInit = {
      operation: type,
      reply,
      certificate,
      ...(reply
        ? {}
        : {
            ...(keySessionId === null ? {} : { key_session_id: keySessionId }),
            ...(key === undefined ? {} : { epoch: key.share.epoch }),
            ...(message === null ? {} : { message: message.text, hash: message.hash }),
            paillier_bits: key?.paillier_bits ?? this.#context.config.paillier_bits,
          }),
    };
    this.#courier.post({
      type: 'two_party_sign_init',
      round: 0,
      plaintext: encodeMail(init),
      signature: '',
    });
  }

  async #approved(): Promise<boolean> {
    const { approvals, config } = this.#context;
    const { id, type, partner, message } = this.proposal;
    if (approvals.asks) {
      this.#show({ status: 'awaiting_approval' });
      this.#tellStatus('awaiting_approval');
    }
    const late = AbortSignal.any([
      this.#over.signal,
      AbortSignal.timeout(config.deadlines.approval * 1000),
    ]);
    const approval = await approvals.decide(
      {
        sessionId: id,
        type,
        partner: partner.name,
        address: this.view.address,
        message: message?.text ?? null,
        hash: message?.hash ?? null,
        digest: message === null ? null : hex0x(message.digest),
      },
      late,
    );
    if (this.isOver) return false;
    if (!approval.accept) {
      this.#finish('aborted', 'declined', approval.reason);
      return false;
    }
    this.#show({ status: 'created' });
    return true;
  }

  /** Both certificates are here: the session id follows, and the protocol begins. */
  async #start(partnerCertificate: Uint8Array, peer: ReturnType<typeof checkCertificate>['keys']) {
    this.#phase = 'starting';
    const { index, config, store } = this.#context;
    const { type, keySessionId } = this.proposal;
    const own = this.#certificate ?? new Uint8Array();
    const key = this.#key();
    const certificates = index === 1 ? [own, partnerCertificate] : [partnerCertificate, own];
    const sid = deriveSessionId(key === undefined ? null : fromHex(key.key_id), certificates);
    const base = { sid, index, peer };
    const port = this.#port;
    if (port === undefined) throw new Error('unreachable: no thread');
    if (key !== undefined) {
      this.#held = await this.#context.keyring.hold(key.session_id, port);
      if (this.isOver) return this.#release();
    }
    this.#phase = 'running';
    this.#show({ status: 'running', step: firstStep(type) });
    this.#deadlines.arm('session', config.deadlines.session);
    this.#armStep();
    const setUp = { primes: this.#primes, knownModuli: store.keys.moduli() };
    this.#primes = undefined;
    const { message } = this.proposal;
    if (type === 'sign' && message !== null && keySessionId !== null) {
      const lock = this.#checkUsable().lock;
      port.start({ ...base, kind: 'sign', key: this.#held ?? '', lock, digest: message.digest });
    } else if (setUp.primes !== undefined) {
      const { primes, knownModuli } = setUp;
      const common = { ...base, primes, knownModuli };
      port.start(
        key === undefined
          ? { ...common, kind: 'keygen', bits: config.paillier_bits }
          : { ...common, kind: 'refresh', key: this.#held ?? '', lock: key.lock },
      );
    }
    for (const message of this.#early.splice(0)) this.#receiveRound(message);
  }

  /** A lock that came while the certificates travelled. @throws CosignerError */
  #checkUsable(): KeyRecord {
    const key = this.#key();
    if (key === undefined) throw new CosignerError('unknown_key');
    if (key.lock.state === 'refreshable') throw new CosignerError('key_locked');
    if (key.lock.state === 'terminal') throw new CosignerError('key_retired');
    return key;
  }

  /** A lock holds, and evidence stays, however the session ended in the meantime. */
  #onThread(event: SessionEvent): void {
    if (event.event === 'aborted') this.#record(event.abort);
    if (this.isOver) {
      if (event.event === 'share') event.share.opener.fill(0);
      return;
    }
    switch (event.event) {
      case 'frames':
        for (const { round, body, signature } of event.frames)
          this.#postRound(round, body, signature);
        return;
      case 'ignored':
        return this.#context.logger.warn(
          { session_id: this.id, round: event.round, reason: event.reason },
          'a message was ignored',
        );
      case 'signature':
        return this.#signed(event.signature);
      case 'share':
        return this.#keep(event.share);
      case 'aborted':
        return this.#aborted(event.abort);
      case 'refused':
        return this.#fail('internal', `${event.reason}: ${event.message}`);
      default:
        event satisfies never;
    }
  }

  #postRound(round: number, body: string, signature: string): void {
    const message = messageOfRound(this.proposal.type, round);
    if (message === undefined) throw new Error('unreachable: a round without a name');
    this.#moved(round);
    const plaintext = Buffer.from(body, 'base64');
    this.#courier.post({ type: message.type, round, plaintext, signature });
  }

  #signed(signature: Uint8Array): void {
    const { message } = this.proposal;
    const { address } = this.view;
    const good =
      message !== null && address !== null && verifySignature(message.digest, signature, address);
    if (!good) return this.#fail('internal', 'a signature that does not verify');
    this.#complete({ signature: hex0x(signature) });
  }

  /** The share is sealed, stored and on the chip before the partner hears of it. */
  #keep(made: NewShare): void {
    this.#phase = 'storing';
    this.#working(async () => {
      const shown = { address: made.address, public_key: hex0x(made.publicKey) };
      try {
        await storeShare(this.#context, this.proposal, made);
      } finally {
        if (this.isOver) discardShare(this.#context, this.proposal);
      }
      if (this.isOver) return;
      this.#phase = 'stored';
      this.#show({ ...shown, step: 'StepKeygenP2' });
      this.#armStep();
      if (this.#context.index === 2) this.#postPhase('stored');
      else this.#commit();
    });
  }

  #commit(): void {
    if (this.#phase !== 'stored' || !this.#partnerStored) return;
    activateShare(this.#context, this.proposal.keySessionId ?? this.id);
    this.#postPhase('active');
    this.#complete({});
  }

  #activate(): void {
    activateShare(this.#context, this.proposal.keySessionId ?? this.id);
    this.#complete({});
  }

  #postPhase(phase: 'stored' | 'active'): void {
    const plaintext = encodeMail({ phase } satisfies PeerSync);
    this.#courier.post({ type: 'session_sync', round: 0, plaintext, signature: '' });
  }

  /** The lock is on disk, and the other sessions of the key are over, before anything is said. */
  #record(abort: SessionAbort): void {
    const { logger, store, now, stopKey, index } = this.#context;
    const { keySessionId } = this.proposal;
    const { reason, culprits, round, message, keyUnsafe, evidence } = abort;
    if (keyUnsafe !== null && keySessionId !== null && index === 1) {
      store.keys.update(keySessionId, (record) => ({
        ...record,
        lock: {
          ...record.lock,
          ...lockAfter(record.lock, keyUnsafe),
          session_id: this.id,
          at: now(),
        },
      }));
      stopKey(keySessionId, this);
      logger.error({ session_id: this.id, key: keySessionId, lock: keyUnsafe }, 'key locked');
    }
    if (evidence.length > 0) store.keepEvidence(this.id, { reason, culprits, round, evidence });
    logger.warn({ session_id: this.id, reason, culprits, round }, message);
  }

  #aborted({ keyUnsafe, message }: SessionAbort): void {
    const locked = keyUnsafe === 'terminal' ? 'key_retired' : 'key_locked';
    this.#finish('aborted', keyUnsafe === null ? 'aborted' : locked, message);
  }

  #complete(shown: Partial<SessionView>): void {
    this.#finish('completed', undefined, '', { ...shown, step: 'StepCompleted' });
  }

  /** Failed on this side; the partner is told. */
  #fail(code: CosignerCode, reason: string): void {
    const failed = code === 'internal' || code === 'chip_refused';
    this.#finish(failed ? 'failed' : 'aborted', code, reason);
  }

  #finish(
    status: 'completed' | 'failed' | 'aborted',
    code: CosignerCode | undefined,
    reason: string,
    shown: Partial<SessionView> = {},
  ): void {
    if (this.isOver) return;
    // P2 keeps what it said it has stored: only P1 knows whether it became the key.
    const unsaid = !(this.#phase === 'stored' && this.#context.index === 2);
    this.#phase = 'over';
    this.#deadlines.close();
    // The key stays open as long as the thread may work with it.
    void (this.#port?.end() ?? Promise.resolve()).then(() => this.#release());
    if (code !== undefined && unsaid) discardShare(this.#context, this.proposal);
    const error = code === undefined ? null : { code, message: shownReason(code, reason) };
    this.#show({ ...shown, status, error });
    if (code !== undefined) this.#farewell(code);
    this.#over.abort();
    for (const wake of this.#waiters.splice(0)) wake();
    this.#context.onOver(this);
    const gone = (): void => {
      clearTimeout(late);
      this.#courier.close();
      this.#context.onGone(this);
    };
    const late = setTimeout(gone, FAREWELL_MS);
    late.unref();
    this.#courier.whenEmpty(gone);
  }

  #farewell(code: CosignerCode): void {
    const told = toldCode(code);
    const abort: PeerAbort = { code: told, reason: COSIGNER_CODES[told].en };
    this.#courier.clear();
    const plaintext = encodeMail(abort);
    this.#courier.post({ type: 'abort', round: 0, plaintext, signature: '' });
  }

  #release(): void {
    if (this.#held !== undefined) this.#context.keyring.release(this.#held);
    this.#held = undefined;
  }

  #key(): KeyRecord | undefined {
    const { keySessionId } = this.proposal;
    return keySessionId === null ? undefined : this.#context.store.keys.find(keySessionId);
  }

  #moved(round: number): void {
    const step = messageOfRound(this.proposal.type, round)?.step;
    if (step !== undefined && step !== this.view.step) this.#show({ step });
    this.#armStep();
  }

  #armStep(): void {
    const { step, setup_step: setUp } = this.#context.config.deadlines;
    this.#deadlines.arm('step', this.proposal.type === 'sign' ? step : setUp);
  }

  #show(change: Partial<SessionView>): void {
    this.#context.store.sessions.update(this.id, change);
  }

  /** For the partner's display and deadlines; lost, it does no harm. */
  #tellStatus(status: string): void {
    if (this.proposal.initiator === 'own') return;
    this.#context.send(this.proposal.partner.name, {
      type: 'session_sync',
      sessionId: this.id,
      round: 0,
      seq: 0,
      plaintext: encodeMail({ status } satisfies PeerSync),
      signature: '',
    });
  }

  /** Runs a part of the session; what it throws ends the session. */
  #working(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (this.isOver) return;
      const known = error instanceof CosignerError;
      if (!known) {
        const fields = { session_id: this.id, error: messageOf(error) };
        this.#context.logger.error(fields, 'session failed');
      }
      this.#fail(known ? error.code : 'internal', messageOf(error));
    });
  }
}

function shownReason(code: CosignerCode, reason: string): string {
  const text = COSIGNER_CODES[code].en;
  return reason === '' || reason === text ? text : `${text}: ${reason}`.slice(0, 400);
}

function fromHexSafely(text: string): Uint8Array | undefined {
  try {
    return fromHex(text, 65);
  } catch {
    return undefined;
  }
}
