/**
 * Orders of the agent's main thread to the protocol thread, and its events. Secrets cross between them
 * only as transferred buffers (J-9); rounds cross as they travel, base64.
 */
import type { CommonEvent, CommonOrder, CommonSessionEvent } from '@quorate/holder';
import type { PROTOCOLS } from '../ceremonies/protocols.ts';
import type { SessionAbort } from './frames.ts';
import type { StartOfProtocol, OutputOfProtocol } from './protocol.ts';

type Table = typeof PROTOCOLS;

/** A kind of ceremony that runs a protocol. */
export type ProtocolKind = keyof Table;

/** The input of a kind's protocol. */
export type StartOf<P extends ProtocolKind> = { [Q in ProtocolKind]: StartOfProtocol<Table[Q]> }[P];

/** The output of a kind's protocol. */
export type OutputOf<P extends ProtocolKind> = {
  [Q in ProtocolKind]: OutputOfProtocol<Table[Q]>;
}[P];

/** The output of any protocol; `kind` tells which. */
export type ProtocolOutput = OutputOf<ProtocolKind>;

/** Orders to the thread. */
export type WorkerOrder =
  | CommonOrder
  | StartOrder
  /** Asks whose messages are missing; answered by `waiting`, unless the session is over. */
  | { readonly order: 'waiting'; readonly id: string };

/** The order to start the protocol of a kind. */
export interface StartOrder<P extends ProtocolKind = ProtocolKind> {
  readonly order: 'start';
  readonly id: string;
  readonly kind: P;
  readonly start: StartOf<P>;
}

/** Events of the thread. */
export type WorkerEvent =
  | CommonEvent
  | CommonSessionEvent
  | {
      readonly event: 'ignored';
      readonly id: string;
      readonly round: number;
      readonly from: number;
      readonly reason: string;
      /** Whether the session waits for what this frame should have been. */
      readonly awaited: boolean;
    }
  | {
      readonly event: 'waiting';
      readonly id: string;
      readonly round: number;
      readonly peers: readonly number[];
    }
  | { readonly event: 'output'; readonly id: string; readonly output: ProtocolOutput }
  | { readonly event: 'aborted'; readonly id: string; readonly abort: SessionAbort };
