/**
 * A program in the role of coordinator: asks for a ceremony, follows it, and believes a result only after
 * checking it.
 */
import { isPartOf, type Kind, type ServerMessage, type SessionStateName } from '@quorate/wire';
import { randomUUID } from 'node:crypto';
import { createLink } from '../link/link.ts';
import type { Link, LinkOptions } from '../link/types.ts';
import { CeremonyError } from './ceremonyError.ts';
import { CLIENT_CEREMONIES, type OutcomeOf } from './ceremonies/index.ts';
import type { OrderOf } from './ceremonies/shape.ts';
import { requestOf } from './request.ts';
import { SessionOrders } from './sessionOrders.ts';
import { type ErrorOf, type ProgressEvent, Waiters } from './waiters.ts';

/** Options of a client. */
export type ClientOptions = Pick<
  LinkOptions,
  'url' | 'username' | 'token' | 'ca' | 'allowInsecure' | 'logger' | 'onStatus' | 'backoff'
>;

/** A connection in the role of coordinator. Requests may be repeated: they are safe retries. */
export class CoordinatorClient {
  readonly #link: Link;
  readonly #waiters: Waiters;
  readonly #orders: SessionOrders;
  /** Messages still to come that were stored before this client asked for anything. */
  #stored: number | undefined;
  #refuseConnection: (error: Error) => void = () => undefined;

  constructor(options: ClientOptions) {
    this.#link = createLink({
      ...options,
      role: 'coordinator',
      // Other clients of the same user stay connected, in this process or elsewhere.
      clientId: randomUUID(),
      batch: true,
      progress: true,
      onMessage: (message) => this.#onMessage(message),
      // Messages stored between later registrations are new to this client.
      onResumed: (messages) => {
        this.#stored ??= messages;
      },
      onStatus: (status, detail) => {
        options.onStatus?.(status, detail);
        if (status === 'refused' || status === 'replaced') this.#rejectAll(detail);
      },
    });
    this.#waiters = new Waiters((sessionKey) => this.#link.withdraw(sessionKey));
    this.#orders = new SessionOrders(this.#link);
  }

  /** Connects and registers. @throws AgentError `link/refused`; CeremonyError `store_unavailable` */
  async connect(): Promise<void> {
    this.#link.start();
    const refused = new Promise<never>((_resolve, reject) => {
      this.#refuseConnection = reject;
    });
    await Promise.race([this.#link.registered(), refused]);
    this.#refuseConnection = () => undefined;
  }

  /**
   * Asks for a ceremony, waits for its end and checks the outcome.
   * @throws CeremonyError when it fails; AgentError `session/refused`, `session/conflict` before anything is sent
   */
  ask<K extends Kind>(
    kind: K,
    order: OrderOf<K>,
    onEvent: (event: ProgressEvent) => void = () => undefined,
  ): Promise<OutcomeOf<K>> {
    return new Promise((resolve, reject) => {
      const request = requestOf(kind, order);
      this.#waiters.add(order.session_key, {
        onEvent,
        reject,
        onComplete: (complete) =>
          isPartOf(complete, kind, 'complete')
            ? () => resolve(CLIENT_CEREMONIES[kind].outcome(complete, order))
            : undefined,
      });
      this.#link.send(request);
    });
  }

  /**
   * Cancels a session that this user asked for, or any as an administrator; gives the state that holds then.
   * @throws CeremonyError for a session of somebody else, or a destruction that nobody can take back
   */
  cancel(sessionKey: string): Promise<SessionStateName> {
    return this.#orders.send({ type: 'cancel_request', session_key: sessionKey });
  }

  /** Closes a destruction that still waits, as an administrator; gives the state that holds then. @throws CeremonyError */
  closeDestruction(sessionKey: string, reason: string): Promise<SessionStateName> {
    return this.#orders.send({ type: 'close_request', session_key: sessionKey, reason });
  }

  /** Disconnects; every wait ends as `link/closed`. */
  close(): Promise<void> {
    this.#rejectAll('the client was closed');
    return this.#link.close();
  }

  #onMessage(message: ServerMessage): void {
    const stored = this.#wasStored(message);
    if (message.type === 'error' && message.session_key === undefined) {
      if (!stored) this.#onNameless(message);
      return;
    }
    if (!('session_key' in message) || message.session_key === undefined) return;
    if (stored) return this.#waiters.takeStored(message.session_key, message);
    if (!this.#orders.takes(message)) this.#waiters.take(message.session_key, message);
  }

  /**
   * True for a message that answers no request of this client. Messages that waited for its first registration
   * come before all new ones, and may belong to an older session of the same key.
   */
  #wasStored(message: ServerMessage): boolean {
    if (!('seq' in message) || message.seq === undefined || !this.#stored) return false;
    this.#stored -= 1;
    return true;
  }

  #onNameless(error: ErrorOf): void {
    const { code, message, details } = error;
    if (code === 'store_unavailable') {
      this.#refuseConnection(new CeremonyError(code, message, details, ''));
    }
    this.#waiters.takeNameless(error);
  }

  #rejectAll(detail: string): void {
    this.#waiters.rejectAll(detail);
    this.#orders.rejectAll(detail);
  }
}
