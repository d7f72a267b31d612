/**
 * One session of two parties at one side: what is agreed, who is waited for, and what the protocol
 * thread is told. Nothing secret passes through it but openers and primes on their way.
 */
import { decodeMail } from '@quorate/two-party';
import {
  COSIGNER_CODES,
  type CosignerCode,
  isCosignerCode,
  PeerAbort,
  PeerSync,
  type TwoPartySession as SessionView,
} from '@quorate/wire';
import type { PeerMessage } from '../peer/connection.ts';
import { Agreement } from './agreement.ts';
import type { Certified } from './certificates.ts';
import type { Proposal, SessionContext } from './context.ts';
import { Handover } from './handover.ts';
import { SessionLife } from './life.ts';
import { signatureOf } from './outcomes.ts';
import { Rounds } from './rounds.ts';

/** One session. */
export class TwoPartySession {
  readonly proposal: Proposal;
  readonly #life: SessionLife;
  readonly #agreement: Agreement;
  readonly #rounds: Rounds;
  readonly #handover: Handover;

  constructor(context: SessionContext, proposal: Proposal) {
    this.proposal = proposal;
    this.#life = new SessionLife(context, proposal);
    this.#handover = new Handover(this.#life);
    this.#rounds = new Rounds(this.#life, (share) => this.#handover.keep(share));
    this.#agreement = new Agreement(this.#life, {
      onAgreed: (agreed) => this.#rounds.start(agreed),
      onThread: (event) => this.#life.surviving(() => this.#rounds.onThread(event)),
    });
  }

  get id(): string {
    return this.proposal.id;
  }

  get view(): SessionView {
    return this.#life.view;
  }

  /** Whether the partner is told nothing at the moment. */
  get isSilent(): boolean {
    return this.#life.phase === 'silent';
  }

  /** Begins what this side's REST asked for. */
  begin(): void {
    this.#life.working(() => this.#agreement.propose());
  }

  /** Answers what the partner asked for by a certificate that holds. */
  respond(certified: Certified): void {
    this.#life.working(() => this.#agreement.respond(certified));
  }

  /** Ends when the session does, or after that many seconds. */
  settled(seconds: number): Promise<void> {
    return this.#life.waiters.wait(seconds);
  }

  /** The partner is connected again. */
  resend(): void {
    this.#life.courier.resend();
  }

  /** The partner has a message, and says where it stands. */
  acknowledged(seq: number, status: string): void {
    this.#life.courier.acknowledged(seq);
    this.#agreement.heard(status);
  }

  /** Takes a message of the partner; the caller acknowledges it. */
  receive(message: PeerMessage): void {
    if (message.seq > 0 && !this.#life.courier.isNew(message.seq)) return;
    if (this.#life.isDeaf) return;
    if (message.type === 'two_party_sign_init') return this.#agreement.receive(message);
    if (message.type === 'abort') return this.#receiveAbort(message);
    if (message.type === 'session_sync') return this.#receiveSync(message);
    return this.#rounds.receive(message);
  }

  /** P1 said by another message that this key is active; it is. */
  confirmed(): void {
    this.#handover.confirmed();
  }

  /** Ends the session from outside: the key was locked, or the server stops. */
  stop(code: CosignerCode, reason: string): void {
    this.#life.fail(code, reason);
  }

  #receiveAbort(message: PeerMessage): void {
    const abort = decodeMail(PeerAbort, message.plaintext);
    const code = abort !== undefined && isCosignerCode(abort.code) ? abort.code : 'aborted';
    const reason = `by ${this.proposal.partner.name}: ${COSIGNER_CODES[code].en}`;
    this.#life.abortedByPartner(code, reason);
  }

  #receiveSync(message: PeerMessage): void {
    const sync = decodeMail(PeerSync, message.plaintext);
    if (sync === undefined) return;
    if (sync.status !== undefined) this.#agreement.heard(sync.status);
    if (sync.signature !== undefined) this.#receiveSignature(sync.signature);
    if (sync.phase === 'stored') this.#handover.partnerStored();
    if (sync.phase === 'active' || sync.status === 'completed') this.#handover.partnerActive();
  }

  /** P1 completed and restarted before P2 had the last message: the signature speaks for itself. */
  #receiveSignature(text: string): void {
    const signature = signatureOf(this.view, text);
    if (signature !== undefined) this.#life.complete({ signature });
  }
}
