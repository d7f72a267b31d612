/**
 * What passes between the agent's main thread and the thread that runs the protocols. Secrets cross
 * it only as transferred buffers (J-9); rounds cross it as they travel, base64.
 */
import type { PROTOCOLS } from '../ceremonies/protocols.ts';
import type { CommonEvent, CommonOrder } from '../threads/control.ts';
import type { RoundFrame, SessionAbort } from './frames.ts';
import type { StartOfProtocol, OutputOfProtocol } from './protocol.ts';

type Table = typeof PROTOCOLS;

/** A kind of ceremony that runs a protocol. */
export type ProtocolKind = keyof Table;

/** What the protocol of a kind is started with. */
export type StartOf<P extends ProtocolKind> = { [Q in ProtocolKind]: StartOfProtocol<Table[Q]> }[P];

/** What the protocol of a kind makes. */
export type OutputOf<P extends ProtocolKind> = {
  [Q in ProtocolKind]: OutputOfProtocol<Table[Q]>;
}[P];

/** What any protocol makes; `kind` tells which. */
export type ProtocolOutput = OutputOf<ProtocolKind>;

/** Orders to the thread. */
export type WorkerOrder =
  | CommonOrder
  | StartOrder
  | { readonly order: 'receive'; readonly id: string; readonly frame: RoundFrame }
  /** Asks whose messages are missing; answered by `waiting`, unless the session is over. */
  | { readonly order: 'waiting'; readonly id: string };

/** The order to start the protocol of a kind. */
export interface StartOrder<P extends ProtocolKind = ProtocolKind> {
  readonly order: 'start';
  readonly id: string;
  readonly kind: P;
  readonly start: StartOf<P>;
}

/** What the thread reports. */
export type WorkerEvent =
  | CommonEvent
  | { readonly event: 'frames'; readonly id: string; readonly frames: readonly RoundFrame[] }
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
  | { readonly event: 'aborted'; readonly id: string; readonly abort: SessionAbort }
  | {
      readonly event: 'refused';
      readonly id: string;
      readonly reason: string;
      readonly message: string;
    };
