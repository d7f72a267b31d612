/**
 * The coordinator's side of a ceremony, for programs: asks, follows, and believes a result only after
 * checking it.
 */
import { addressOf, digestOf, fromHex, parsePayload, verifySignature } from '@quorate/intent';
import {
  DestroyRequest,
  KeygenRequest,
  type ServerMessage,
  type SessionStateName,
  SignRequest,
} from '@quorate/wire';
import { randomUUID } from 'node:crypto';
import { broken, refuseMalformed } from './checks.ts';
import {
  CeremonyError,
  type DestroyOrder,
  type DestroyOutcome,
  type KeygenOrder,
  type KeygenOutcome,
  type ProgressEvent,
  type SignOrder,
  type SignOutcome,
} from './types.ts';
import { AgentError } from '../errors.ts';
import { createLink } from '../link/link.ts';
import type { Link, LinkOptions } from '../link/types.ts';
import { SessionOrders } from './sessionOrders.ts';

/** What a client is made of. */
export type ClientOptions = Pick<
  LinkOptions,
  'url' | 'username' | 'token' | 'ca' | 'allowInsecure' | 'logger' | 'onStatus' | 'backoff'
>;

type Completion = Extract<
  ServerMessage,
  { type: 'keygen_complete' | 'sign_complete' | 'destroy_complete' }
>;

type ErrorOf = Extract<ServerMessage, { type: 'error' }>;

/** Codes that end a connection, not a request: the link connects again and repeats it. */
const LATER: ReadonlySet<string> = new Set([
  'internal',
  'invalid_token',
  'not_registered',
  'replaced',
  'restarting',
  'store_unavailable',
  'token_expired',
]);

interface Waiter {
  readonly completion: Completion['type'];
  readonly onEvent: (event: ProgressEvent) => void;
  readonly onComplete: (message: Completion) => void;
  readonly reject: (error: Error) => void;
  failure: CeremonyError | undefined;
  /** Whether the coordinator has said anything of this session since it was asked. */
  heard: boolean;
}

/** A connection in the role of coordinator. Requests may be repeated: they are safe retries. */
export class CoordinatorClient {
  readonly #link: Link;
  readonly #waiters = new Map<string, Waiter>();
  readonly #orders: SessionOrders;
  /** Messages still to come that were stored before this client asked for anything. */
  #stored: number | undefined;
  #refuseConnection: (error: Error) => void = () => undefined;

  constructor(options: ClientOptions) {
    this.#link = createLink({
      ...options,
      role: 'coordinator',
      // Others of the same user, in this process or elsewhere, stay connected.
      clientId: randomUUID(),
      batch: true,
      progress: true,
      onMessage: (message) => this.#onMessage(message),
      // Later registrations bring what was stored while this client was away: that is new to it.
      onResumed: (messages) => {
        this.#stored ??= messages;
      },
      onStatus: (status, detail) => {
        options.onStatus?.(status, detail);
        if (status === 'refused' || status === 'replaced') this.#rejectAll(detail);
      },
    });
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

  /** Asks for a key. @throws CeremonyError */
  keygen(
    order: KeygenOrder,
    onEvent: (event: ProgressEvent) => void = () => undefined,
  ): Promise<KeygenOutcome> {
    const { session_key: sessionKey } = order;
    return new Promise((resolve, reject) => {
      const request = { type: 'keygen_request' as const, ...order };
      refuseMalformed(KeygenRequest.safeParse(request));
      this.#wait(sessionKey, 'keygen_complete', { onEvent, reject }, (message) => {
        if (message.type !== 'keygen_complete') return;
        const { address, public_key: publicKey } = message;
        if (publicKey === undefined || addressOf(fromHex(publicKey)) !== address) {
          throw broken(sessionKey, 'the address is not that of the public key');
        }
        resolve({ sessionKey, address, publicKey });
      });
      this.#link.send(request);
    });
  }

  /** Asks for a signature, and verifies it. @throws CeremonyError */
  sign(
    order: SignOrder,
    onEvent: (event: ProgressEvent) => void = () => undefined,
  ): Promise<SignOutcome> {
    const { session_key: sessionKey, address, payload } = order;
    const digest = fromHex(order.data, 32);
    if (payload !== undefined && !Buffer.from(digestOf(parsePayload(payload))).equals(digest)) {
      const message = 'the payload does not hash to the data';
      return Promise.reject(new AgentError('session/refused', message));
    }
    return new Promise((resolve, reject) => {
      const request = { type: 'sign_request' as const, ...order };
      refuseMalformed(SignRequest.safeParse(request));
      this.#wait(sessionKey, 'sign_complete', { onEvent, reject }, (message) => {
        if (message.type !== 'sign_complete') return;
        const { signature } = message;
        if (!verifySignature(digest, fromHex(signature, 65), address)) {
          throw broken(sessionKey, 'the signature is not one of this address');
        }
        resolve({ sessionKey, signature });
      });
      this.#link.send(request);
    });
  }

  /** Asks every holder to destroy its shard; goes on until each of them has answered. @throws CeremonyError */
  destroy(
    order: DestroyOrder,
    onEvent: (event: ProgressEvent) => void = () => undefined,
  ): Promise<DestroyOutcome> {
    const { session_key: sessionKey } = order;
    return new Promise((resolve, reject) => {
      const request = { type: 'destroy_request' as const, ...order };
      refuseMalformed(DestroyRequest.safeParse(request));
      this.#wait(sessionKey, 'destroy_complete', { onEvent, reject }, (message) => {
        if (message.type !== 'destroy_complete') return;
        const { address, parts } = message;
        // Parts that an administrator gave up are not in it; there may be none that is proven.
        if (address.toLowerCase() !== order.address.toLowerCase()) {
          throw broken(sessionKey, 'the completion is not of this key');
        }
        resolve({ sessionKey, address, parts });
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

  close(): Promise<void> {
    this.#rejectAll('the client was closed');
    return this.#link.close();
  }

  #wait(
    sessionKey: string,
    completion: Completion['type'],
    asker: Pick<Waiter, 'onEvent' | 'reject'>,
    onComplete: Waiter['onComplete'],
  ): void {
    if (this.#waiters.has(sessionKey)) {
      throw new AgentError('session/conflict', `session ${sessionKey} is running already`);
    }
    this.#waiters.set(sessionKey, {
      ...asker,
      completion,
      onComplete,
      failure: undefined,
      heard: false,
    });
  }

  #onMessage(message: ServerMessage): void {
    const stored = this.#wasStored(message);
    if (message.type === 'error' && message.session_key === undefined) {
      if (!stored) this.#onNameless(message);
      return;
    }
    if (!('session_key' in message) || message.session_key === undefined) return;
    const sessionKey = message.session_key;
    if (!stored && this.#orders.takes(message)) return;
    const waiter = this.#waiters.get(sessionKey);
    if (!waiter) return;
    if (stored) return noteStored(waiter, message, sessionKey);
    waiter.heard = true;
    if (message.type === 'session_state') {
      waiter.onEvent({ type: 'state', state: message });
    } else if (message.type === 'error') {
      this.#onError(waiter, message, sessionKey);
    } else if (isCompletion(message)) {
      if (message.type !== waiter.completion) return;
      this.#end(sessionKey, () => {
        if (message.success) return waiter.onComplete(message);
        throw waiter.failure ?? new CeremonyError('failed', message.message, '', sessionKey);
      });
    }
  }

  /**
   * Whether a message answers nothing that this client asked: what waited for it at its first
   * registration comes before everything new, and may be of an older session of the same key.
   */
  #wasStored(message: ServerMessage): boolean {
    if (!('seq' in message) || message.seq === undefined || !this.#stored) return false;
    this.#stored -= 1;
    return true;
  }

  /** A frame that could not be read has no session: it is one of those that nothing was heard of. */
  #onNameless({ code = 'error', message, details }: ErrorOf): void {
    if (code === 'store_unavailable') {
      this.#refuseConnection(new CeremonyError(code, message, details, ''));
    }
    if (LATER.has(code)) return;
    for (const [sessionKey, waiter] of this.#waiters) {
      if (waiter.heard) continue;
      this.#end(sessionKey, () => {
        throw new CeremonyError(code, message, details, sessionKey);
      });
    }
  }

  #onError(waiter: Waiter, message: ErrorOf, sessionKey: string): void {
    waiter.failure = failureOf(message, sessionKey);
    // A refused request has no completion; a session that failed has one right behind the error.
    if (message.cseq === undefined && message.seq !== undefined) return;
    this.#end(sessionKey, () => {
      throw waiter.failure ?? broken(sessionKey, message.message);
    });
  }

  #end(sessionKey: string, settle: () => void): void {
    const waiter = this.#waiters.get(sessionKey);
    this.#waiters.delete(sessionKey);
    this.#link.forget(sessionKey);
    try {
      settle();
    } catch (error) {
      waiter?.reject(error instanceof Error ? error : broken(sessionKey, 'not checkable'));
    }
  }

  #rejectAll(detail: string): void {
    for (const [sessionKey, waiter] of this.#waiters) {
      waiter.reject(new AgentError('link/closed', `${sessionKey}: ${detail}`));
    }
    this.#waiters.clear();
    this.#orders.rejectAll(detail);
  }
}

function isCompletion(message: ServerMessage): message is Completion {
  const { type } = message;
  return type === 'keygen_complete' || type === 'sign_complete' || type === 'destroy_complete';
}

/** A repeated request is told only that it failed: why, was said before. */
function noteStored(waiter: Waiter, message: ServerMessage, sessionKey: string): void {
  if (message.type === 'error' && message.cseq === undefined) {
    waiter.failure = failureOf(message, sessionKey);
  }
}

function failureOf({ code = 'error', message, details }: ErrorOf, key: string): CeremonyError {
  return new CeremonyError(code, message, details, key);
}
