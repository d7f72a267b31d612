/**
 * The interface of a link, and the rules about where it may lead.
 */
import {
  type Backoff,
  HolderError,
  isSocketUrl,
  isStoreError,
  type Logger,
  SOCKET_URL,
} from '@quorate/holder';
import { isIPv4 } from 'node:net';
import type { Feature, ServerMessage } from '@quorate/wire';
import { AgentError } from '../errors.ts';
import type { RetryOptions } from './retries.ts';
import type { Outgoing } from './outbox.ts';
import type { LinkState } from './state.ts';

/**
 * The status of a link. `refused`, `replaced` and `failed` are final: a person must look. As `waiting` the link
 * tries a refused registration again for as long as `retries` say, and a disk that takes no write; `failed` says
 * that the state on disk cannot be believed.
 */
export type LinkStatus =
  | 'connecting'
  | 'registered'
  | 'waiting'
  | 'refused'
  | 'replaced'
  | 'failed'
  | 'closed';

/** Options of a link. */
export interface LinkOptions {
  /** `ws://…/ws` or `wss://…/ws`. */
  readonly url: string;
  readonly username: string;
  readonly role: 'coordinator' | 'participant';
  /** Names this client among several of a coordinator user; the same at every connection of it. */
  readonly clientId?: string;
  /** Gives a token that is valid now; called at every registration. */
  readonly token: () => Promise<string>;
  readonly state?: LinkState;
  /** Asks for several messages per frame, and sends them so. */
  readonly batch?: boolean;
  /** Asks for `session_state` as progress. */
  readonly progress?: boolean;
  /** The caller's own certificate authority, PEM. */
  readonly ca?: string;
  /** Allows `ws://` to a host other than this one. */
  readonly allowInsecure?: boolean;
  /**
   * Processes a message; it is acknowledged only if this returns. When it throws, the link connects again
   * and gets the message again; only when the state on disk cannot be believed it ends as `failed`.
   */
  readonly onMessage: (message: ServerMessage) => void;
  readonly onStatus?: (status: LinkStatus, detail: string) => void;
  /** Told at each registration how many stored messages come before anything new. */
  readonly onResumed?: (messages: number) => void;
  readonly logger?: Logger;
  readonly backoff?: Backoff;
  /** Tells how long to try refused registrations again; without it the first one ends the link. */
  readonly retries?: RetryOptions;
}

/** A connection that mends itself. */
export interface Link {
  start(): void;
  /**
   * Sends a message, and again after each reconnect until the coordinator has stored it or it is no longer
   * good.
   */
  send(message: Outgoing, isGood?: () => boolean): void;
  /** Takes back the messages of a session that is over which the coordinator has not yet acknowledged. */
  withdraw(sessionKey: string): void;
  /** Resolves at the next (or present) registration, rejects when the link ends. */
  registered(): Promise<void>;
  readonly status: LinkStatus;
  /** Whether the coordinator of the present connection takes a message of that name. */
  knows(feature: Feature): boolean;
  /** Frames ignored because they were no valid messages, or seen before. */
  readonly ignored: number;
  /** The reason why the link ended as `failed`. */
  readonly failure: HolderError | undefined;
  close(): Promise<void>;
}

/**
 * Plain text crosses no network: a coordinator on another host is reached by TLS.
 * @throws AgentError `config/invalid`, `link/refused`
 */
export function checkUrl(url: string, allowInsecure: boolean): void {
  if (!isSocketUrl(url)) throw new AgentError('config/invalid', `url: ${SOCKET_URL}`);
  const { protocol, hostname } = new URL(url);
  if (protocol === 'wss:' || allowInsecure) return;
  const loopback =
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    (isIPv4(hostname) && hostname.startsWith('127.'));
  if (protocol === 'ws:' && loopback) return;
  throw new AgentError(
    'link/refused',
    `${protocol}//${hostname}: expected wss:// for another host`,
  );
}

/** A fault of the coordinator's own: the link sends a message with this answer again on the next connection. */
export function comesAgain(code: string | undefined): boolean {
  return code === 'internal' || code === 'store_unavailable';
}

/** Whether a person must look: a disk that does not take a write may take it later, damage stays. */
export function isFinal(error: unknown): error is HolderError {
  return isStoreError(error) && error.code !== 'store/failed';
}
