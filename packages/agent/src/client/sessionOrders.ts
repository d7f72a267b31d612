/**
 * Orders about a session that is already open; the answer is the state that holds then.
 */
import type { CancelRequest, CloseRequest, ServerMessage, SessionStateName } from '@quorate/wire';
import { CeremonyError } from './ceremonyError.ts';
import { AgentError } from '../errors.ts';
import type { Link } from '../link/types.ts';

/** Such an order, as the wire has it. */
type SessionOrder = Omit<CancelRequest, 'cseq'> | Omit<CloseRequest, 'cseq'>;

interface Asked {
  readonly resolve: (state: SessionStateName) => void;
  readonly reject: (error: Error) => void;
}

/** The orders of one client, at most one for each session. */
export class SessionOrders {
  readonly #link: Link;
  readonly #asked = new Map<string, Asked>();

  constructor(link: Link) {
    this.#link = link;
  }

  /** Sends an order. @throws CeremonyError when it is refused; AgentError `session/refused` by an older coordinator */
  async send(order: SessionOrder): Promise<SessionStateName> {
    await this.#link.registered();
    const { type, session_key: sessionKey } = order;
    if (!this.#link.knows(type)) {
      throw new AgentError('session/refused', `this coordinator knows no ${type} yet`);
    }
    if (this.#asked.has(sessionKey)) {
      throw new AgentError('session/conflict', `${sessionKey} waits for an answer already`);
    }
    return new Promise((resolve, reject) => {
      this.#asked.set(sessionKey, { resolve, reject });
      this.#link.send(order);
    });
  }

  /** Takes an answer; false for anything else. Progress is not stored and has no number; an answer has one. */
  takes(message: ServerMessage): boolean {
    if (message.type !== 'session_state' && message.type !== 'error') return false;
    const { session_key: sessionKey = '' } = message;
    const asked = this.#asked.get(sessionKey);
    if (asked === undefined) return false;
    if (message.type === 'session_state') {
      if (message.seq === undefined) return false;
      asked.resolve(message.state);
    } else {
      if (message.cseq === undefined) return false;
      const { code = 'error', details } = message;
      asked.reject(new CeremonyError(code, message.message, details, sessionKey));
    }
    return this.#asked.delete(sessionKey);
  }

  /** Ends all orders: no more messages will come. */
  rejectAll(detail: string): void {
    for (const [sessionKey, { reject }] of this.#asked) {
      reject(new AgentError('link/closed', `${sessionKey}: ${detail}`));
    }
    this.#asked.clear();
  }
}
