/**
 * Sends one session's messages until they are acknowledged: again after 0.25 s, then at doubling intervals up
 * to 8 s, and at once when the partner is back. Frames received before have no effect.
 */
import type { PeerMessage } from './connection.ts';

const FIRST_MS = 250;
const LONGEST_MS = 8000;
/** Message numbers of one session that can be told apart. */
const MAX_SEEN = 256;

interface Pending {
  readonly message: PeerMessage;
  timer: NodeJS.Timeout | undefined;
  wait: number;
}

/** The mail of one session. */
export class ReliableSender {
  readonly #sessionId: string;
  readonly #send: (message: PeerMessage) => boolean;
  readonly #pending = new Map<number, Pending>();
  readonly #seen = new Set<number>();
  #next = 1;
  #onEmpty: (() => void) | undefined;

  constructor(sessionId: string, send: (message: PeerMessage) => boolean) {
    this.#sessionId = sessionId;
    this.#send = send;
  }

  /** Sends a message until it is acknowledged. */
  post(message: Pick<PeerMessage, 'type' | 'round' | 'plaintext' | 'signature'>): void {
    const seq = this.#next;
    this.#next += 1;
    const pending = {
      message: { ...message, sessionId: this.#sessionId, seq },
      timer: undefined,
      wait: FIRST_MS,
    };
    this.#pending.set(seq, pending);
    this.#transmit(pending);
  }

  /** Notes that the partner has this message. */
  acknowledged(seq: number): void {
    const pending = this.#pending.get(seq);
    if (pending === undefined) return;
    clearTimeout(pending.timer);
    this.#pending.delete(seq);
    if (this.#pending.size === 0) this.#onEmpty?.();
  }

  /** Whether anything was ever posted. */
  get hasPosted(): boolean {
    return this.#next > 1;
  }

  /** True the first time that a number arrives. */
  isNew(seq: number): boolean {
    if (this.#seen.has(seq) || this.#seen.size >= MAX_SEEN) return false;
    this.#seen.add(seq);
    return true;
  }

  /** Sends every pending message again once the connection is back. */
  resend(): void {
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer);
      pending.wait = FIRST_MS;
      this.#transmit(pending);
    }
  }

  /** Calls back once everything is acknowledged; at once if it is. */
  whenEmpty(then: () => void): void {
    this.#onEmpty = then;
    if (this.#pending.size === 0) then();
  }

  /** Cancels pending messages: the session no longer needs them. */
  cancelAll(): void {
    for (const { timer } of this.#pending.values()) clearTimeout(timer);
    this.#pending.clear();
  }

  close(): void {
    this.#onEmpty = undefined;
    this.cancelAll();
  }

  #transmit(pending: Pending): void {
    pending.timer = setTimeout(() => this.#transmit(pending), pending.wait);
    pending.timer.unref();
    pending.wait = Math.min(pending.wait * 2, LONGEST_MS);
    this.#send(pending.message);
  }
}
