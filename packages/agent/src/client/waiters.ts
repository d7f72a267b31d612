/**
 * The sessions that one client waits for: it passes progress on and ends each wait.
 */
import { type CompleteOf, isPart, type ServerMessage, type SessionState } from '@quorate/wire';
import { AgentError } from '../errors.ts';
import { broken, CeremonyError } from './ceremonyError.ts';

/** News of a running ceremony. */
export type ProgressEvent = { readonly type: 'state'; readonly state: SessionState };

/** An error of the coordinator. */
export type ErrorOf = Extract<ServerMessage, { type: 'error' }>;

/** A wait for the end of a session. */
export interface Asker {
  readonly onEvent: (event: ProgressEvent) => void;
  /**
   * Gives the function that checks a completion and resolves, which throws unless the completion proves its
   * claim; undefined for a completion of another kind of ceremony.
   */
  readonly onComplete: (message: CompleteOf) => (() => void) | undefined;
  readonly reject: (error: Error) => void;
}

interface Waiter extends Asker {
  failure: CeremonyError | undefined;
  /** True once the coordinator has mentioned this session since it was asked. */
  heard: boolean;
}

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

/** The waits of one client, at most one for each session. */
export class Waiters {
  readonly #waiting = new Map<string, Waiter>();
  readonly #withdraw: (sessionKey: string) => void;

  /** `withdraw` takes back the unsent messages of a session that is over. */
  constructor(withdraw: (sessionKey: string) => void) {
    this.#withdraw = withdraw;
  }

  /** Begins a wait. @throws AgentError `session/conflict` */
  add(sessionKey: string, asker: Asker): void {
    if (this.#waiting.has(sessionKey)) {
      throw new AgentError('session/conflict', `session ${sessionKey} is running already`);
    }
    this.#waiting.set(sessionKey, { ...asker, failure: undefined, heard: false });
  }

  /** Takes a message about a session. */
  take(sessionKey: string, message: ServerMessage): void {
    const waiter = this.#waiting.get(sessionKey);
    if (waiter === undefined) return;
    waiter.heard = true;
    if (message.type === 'session_state') {
      waiter.onEvent({ type: 'state', state: message });
    } else if (message.type === 'error') {
      this.#onError(waiter, message, sessionKey);
    } else if (isPart(message, 'complete')) {
      const succeed = waiter.onComplete(message);
      if (succeed === undefined) return;
      this.#end(sessionKey, () => {
        if (message.success) return succeed();
        throw waiter.failure ?? new CeremonyError('failed', message.message, '', sessionKey);
      });
    }
  }

  /**
   * Takes a message that was stored before this client asked. It ends nothing, but a repeated request is told
   * only that it failed: the reason was said before.
   */
  takeStored(sessionKey: string, message: ServerMessage): void {
    const waiter = this.#waiting.get(sessionKey);
    if (waiter === undefined) return;
    if (message.type === 'error' && message.cseq === undefined) {
      waiter.failure = failureOf(message, sessionKey);
    }
  }

  /** Takes an error about an unreadable frame: it belongs to a session that the coordinator has not mentioned. */
  takeNameless({ code = 'error', message, details }: ErrorOf): void {
    if (LATER.has(code)) return;
    for (const [sessionKey, { heard }] of this.#waiting) {
      if (heard) continue;
      this.#end(sessionKey, () => {
        throw new CeremonyError(code, message, details, sessionKey);
      });
    }
  }

  /** Ends every wait; no more messages will come. */
  rejectAll(detail: string): void {
    for (const [sessionKey, waiter] of this.#waiting) {
      waiter.reject(new AgentError('link/closed', `${sessionKey}: ${detail}`));
    }
    this.#waiting.clear();
  }

  #onError(waiter: Waiter, message: ErrorOf, sessionKey: string): void {
    const failure = failureOf(message, sessionKey);
    waiter.failure = failure;
    // A refused request has no completion; a failed session sends one right after the error.
    if (message.cseq === undefined && message.seq !== undefined) return;
    this.#end(sessionKey, () => {
      throw failure;
    });
  }

  #end(sessionKey: string, settle: () => void): void {
    const waiter = this.#waiting.get(sessionKey);
    this.#waiting.delete(sessionKey);
    this.#withdraw(sessionKey);
    try {
      settle();
    } catch (error) {
      waiter?.reject(error instanceof Error ? error : broken(sessionKey, 'not checkable'));
    }
  }
}

function failureOf({ code = 'error', message, details }: ErrorOf, key: string): CeremonyError {
  return new CeremonyError(code, message, details, key);
}
