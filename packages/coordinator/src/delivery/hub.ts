/** Who is connected: one connection for each client of a user in a role (docs/spec/wire.md §2). */
import type { Identity, Revoked } from '../auth/index.ts';
import type { Numbered } from './outbox.ts';
import type { Recipient } from './recipient.ts';

/** The origin of a connection. Times are milliseconds since 1970. */
export interface ConnectionOrigin {
  readonly remote: string;
  readonly since: number;
}

/** A registered connection, as the rest of the server sees it. */
export interface Client {
  readonly recipient: Recipient;
  /** The user and roles of its latest token. */
  readonly identity: Identity;
  readonly origin: ConnectionOrigin;
  /** The connection that it replaced. */
  readonly replaced: ConnectionOrigin | undefined;
  /** Whether it asked for `session_state` as sessions progress. */
  readonly progress: boolean;
  /** Takes a stored message; messages that do not fit now are read from the outbox later. */
  offer(message: Numbered): void;
  /** Sends a message that is not stored because it is useless later. */
  tell(message: object): void;
  close(code: number, reason: string): void;
}

type User = Pick<Recipient, 'username' | 'role'>;

/** All registered connections. */
export class Hub {
  readonly #most: number;
  /** By user and role, then by client. */
  readonly #users = new Map<string, Map<string, Client>>();

  /** `most` connections of one user in one role. */
  constructor(most: number = Number.POSITIVE_INFINITY) {
    this.#most = most;
  }

  /** Whether a registration would exceed the connections allowed for its user. */
  isFull(who: Recipient): boolean {
    const own = this.#users.get(keyOf(who));
    return own !== undefined && own.size >= this.#most && !own.has(who.client);
  }

  /** Makes this the connection of its recipient; returns the one that it replaces. */
  attach(client: Client): Client | undefined {
    const { recipient } = client;
    const own = this.#users.get(keyOf(recipient)) ?? new Map<string, Client>();
    this.#users.set(keyOf(recipient), own);
    const before = own.get(recipient.client);
    own.set(recipient.client, client);
    return before === client ? undefined : before;
  }

  /** Removes a connection, unless another has taken its place. */
  detach(client: Client): void {
    const { recipient } = client;
    const own = this.#users.get(keyOf(recipient));
    if (own?.get(recipient.client) !== client) return;
    own.delete(recipient.client);
    if (own.size === 0) this.#users.delete(keyOf(recipient));
  }

  /** Hands a stored message to its recipient, if connected. */
  deliver(to: Recipient, message: Numbered): void {
    this.#find(to)?.offer(message);
  }

  /** Sends a message that is not stored, if the recipient is connected. */
  tell(to: Recipient, message: object): void {
    this.#find(to)?.tell(message);
  }

  /** Sends progress to a connected recipient that asked for it; for others the message is not even made. */
  tellProgress(to: Recipient, message: () => object): void {
    const client = this.#find(to);
    if (client?.progress === true) client.tell(message());
  }

  isConnected(who: Recipient): boolean {
    return this.#find(who) !== undefined;
  }

  /** Every connection of a user in a role. */
  clientsOf(user: User): Client[] {
    return [...(this.#users.get(keyOf(user))?.values() ?? [])];
  }

  /** Closes every connection that depends on a revoked token, login or user. */
  disconnect(revoked: Revoked, code: number, reason: string): void {
    for (const client of this.all()) {
      if (isOf(client.identity, revoked)) client.close(code, reason);
    }
  }

  /** All connections at this moment. */
  all(): Client[] {
    return [...this.#users.values()].flatMap((own) => [...own.values()]);
  }

  #find(who: Recipient): Client | undefined {
    return this.#users.get(keyOf(who))?.get(who.client);
  }
}

function isOf(identity: Identity, { username, tokenId, loginId }: Revoked): boolean {
  if (identity.username !== username) return false;
  if (tokenId !== undefined && identity.tokenId !== tokenId) return false;
  return loginId === undefined || identity.loginId === loginId;
}

const keyOf = ({ username, role }: User): string => `${role}:${username}`;
