/** The messages between pool and threads, besides a protocol's own orders and events. */
import type { RoundFrame } from '../protocol/frames.ts';
import type { Fault } from './fault.ts';

/** Orders that every thread takes. */
export type CommonOrder =
  | { readonly order: 'prepare'; readonly id: string }
  | { readonly order: 'receive'; readonly id: string; readonly frame: RoundFrame }
  | { readonly order: 'end'; readonly id: string };

/** Answered by the thread's pulse alone. */
export interface Ping {
  readonly order: 'ping';
}

/** Ends the thread from inside, between two orders. */
export interface Stop {
  readonly order: 'stop';
}

/** The public half of a session's ephemeral keys, and its nonce. */
export interface Prepared {
  readonly nonce: Uint8Array;
  /** 32 bytes */
  readonly x25519: Uint8Array;
  /** 32 bytes */
  readonly ed25519: Uint8Array;
}

/** Events that the pool handles itself. */
export type CommonEvent =
  /** The thread is up. */
  | { readonly event: 'ready'; readonly id: '' }
  | ({ readonly event: 'prepared'; readonly id: string } & Prepared)
  /** A session ended because of an error of our own; what becomes of it is said by another event. */
  | { readonly event: 'fault'; readonly id: string; readonly fault: Fault }
  /** The answer to the order `end`: nothing more comes of this session, no ban and no lock in particular. */
  | { readonly event: 'ended'; readonly id: string };

/** Events of a session that every protocol has. */
export type CommonSessionEvent =
  | { readonly event: 'frames'; readonly id: string; readonly frames: readonly RoundFrame[] }
  /** The session did not start, or its thread is gone. */
  | {
      readonly event: 'refused';
      readonly id: string;
      readonly reason: string;
      readonly message: string;
    };

/** The thread of a session is gone, and all that the session had in it. */
export interface Lost {
  readonly event: 'lost';
  readonly id: string;
  readonly message: string;
  /** Whether the end of the session was ordered before. */
  readonly ending: boolean;
}

/** The end of a session whose thread is gone; undefined for one that was ended before and loses nothing. */
export function refusedByLoss({ id, message, ending }: Lost): CommonSessionEvent | undefined {
  return ending ? undefined : { event: 'refused', id, reason: 'thread_stopped', message };
}

/** The inputs of a thread. */
export interface ThreadData {
  /** One number in shared memory, which grows with every order that was carried out. */
  readonly pulse: Int32Array;
}
