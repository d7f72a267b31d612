/**
 * The one way out for the messages of a session: no message leaves this agent once the session's limit has passed,
 * neither now nor from the queue of a connection that was cut.
 */
import type { Outgoing } from '../link/outbox.ts';
import { type LimitClock, SessionLimit } from './limit.ts';

/** Hands a message to the link, which does not send it once it is no longer good. */
export type Send = (message: Outgoing, isGood?: () => boolean) => void;

/** The surroundings of an outlet. */
export interface OutletOptions {
  readonly clock: LimitClock;
  readonly send: Send;
  /** Called when the limit has passed: by the clock, or before a message that would leave. */
  readonly onPassed: () => void;
}

/** The messages of one session. */
export class Outlet {
  /** The time of day at which the limit passes; undefined before anything was certified. */
  notAfter: number | undefined;
  readonly #options: OutletOptions;
  #limit: SessionLimit | undefined;
  #mode: 'limited' | 'last-word' | 'silent' = 'limited';

  constructor(options: OutletOptions) {
    this.#options = options;
  }

  /** Begins the limit of the certificate. */
  limit(notAfter: number, lifetime: number): void {
    this.notAfter = notAfter;
    const { clock, onPassed } = this.#options;
    this.#limit = new SessionLimit(clock, notAfter, lifetime, onPassed);
  }

  /** Ends the limit: the certificate is on disk and does not age. */
  unlimited(): void {
    this.close();
    this.notAfter = undefined;
    this.#limit = undefined;
  }

  /** Whether the session may say nothing more of its protocol. */
  get passed(): boolean {
    return this.#limit?.passed ?? false;
  }

  /** Sends a message; false when it is too late for it. `isGood` is asked again when the link could send it. */
  send(message: Outgoing, isGood: () => boolean = () => true): boolean {
    if (this.#mode === 'silent') return false;
    if (this.#mode === 'last-word') {
      this.#options.send(message);
      return true;
    }
    if (this.passed) {
      this.#options.onPassed();
      return false;
    }
    this.#options.send(message, () => !this.passed && isGood());
    return true;
  }

  /** Lets only the news of a failure pass from here on: it reveals nothing, and is good at any time. */
  lastWord(): void {
    if (this.#mode === 'limited') this.#mode = 'last-word';
  }

  /** Sends nothing more at all. */
  silence(): void {
    this.#mode = 'silent';
  }

  close(): void {
    this.#limit?.stop();
  }
}
