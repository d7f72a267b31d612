/** Who is connected: at most one connection per user and role (contract §1.1). */
import type { Identity, Revoked } from '../services.ts';
import type { Numbered, Recipient } from './outbox.ts';

/** A registered connection, as the rest of the server sees it. */
export interface Client {
  readonly recipient: Recipient;
  /** Whom its latest token speaks for. */
  readonly identity: Identity;
  /** Whether it asked for `session_state` as sessions go on. */
  readonly progress: boolean;
  /** Takes a stored message; what does not fit now is read from the outbox later. */
  offer(message: Numbered): void;
  /** Sends a message that is worth nothing later, and is not stored. */
  tell(message: object): void;
  close(code: number, reason: string): void;
}

/** All registered connections. */
export class Hub {
  readonly #clients = new Map<string, Client>();

  /** Makes a connection the one of its recipient; returns the one that it replaces. */
  attach(client: Client): Client | undefined {
    const key = keyOf(client.recipient);
    const before = this.#clients.get(key);
    this.#clients.set(key, client);
    return before === client ? undefined : before;
  }

  /** Forgets a connection, unless another has taken its place. */
  detach(client: Client): void {
    const key = keyOf(client.recipient);
    if (this.#clients.get(key) === client) this.#clients.delete(key);
  }

  /** Hands a stored message to its recipient, if connected. */
  deliver(to: Recipient, message: Numbered): void {
    this.#clients.get(keyOf(to))?.offer(message);
  }

  /** Sends a message that is not stored, if the recipient is connected. */
  tell(to: Recipient, message: object): void {
    this.#clients.get(keyOf(to))?.tell(message);
  }

  /** Sends progress to a recipient that is connected and asked for it; for others it is not even made. */
  tellProgress(to: Recipient, message: () => object): void {
    const client = this.#clients.get(keyOf(to));
    if (client?.progress === true) client.tell(message());
  }

  /** Closes every connection that lives on what is void now. */
  disconnect(revoked: Revoked, code: number, reason: string): void {
    for (const client of this.all()) {
      if (isOf(client.identity, revoked)) client.close(code, reason);
    }
  }

  /** All connections at this moment. */
  all(): Client[] {
    return [...this.#clients.values()];
  }

  get size(): number {
    return this.#clients.size;
  }
}

function isOf(identity: Identity, { username, tokenId, loginId }: Revoked): boolean {
  if (identity.username !== username) return false;
  if (tokenId !== undefined && identity.tokenId !== tokenId) return false;
  return loginId === undefined || identity.loginId === loginId;
}

const keyOf = ({ username, role }: Recipient): string => `${role}:${username}`;
