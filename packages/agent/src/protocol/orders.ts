/**
 * What passes between the agent's main thread and the thread that runs the protocols. Secrets cross
 * it only as transferred buffers (J-9); rounds cross it as they travel, base64.
 */
import type { SignedMessage } from '../records/evidence.ts';
import type { CommonEvent, CommonOrder } from '../threads/control.ts';

/** The last round of signing: once ours is out, somebody may hold a signature (N-12). */
export const LAST_SIGN_ROUND = 3;

/** A certified peer of a session. */
export interface PeerKeys {
  readonly index: number;
  readonly x25519: Uint8Array;
  readonly ed25519: Uint8Array;
}

/** One `round` message without its session key. */
export interface RoundFrame {
  readonly round: number;
  readonly from: number;
  readonly to: number | null;
  /** base64 */
  readonly body: string;
  /** base64 */
  readonly signature: string;
}

/** What a key generation is started with. */
export interface KeygenStart {
  readonly sid: Uint8Array;
  readonly threshold: number;
  readonly parties: number;
  readonly index: number;
  readonly peers: readonly PeerKeys[];
}

/** What a signature is started with; `opener` is transferred, and wiped after use. */
export interface SignStart {
  readonly sid: Uint8Array;
  readonly index: number;
  readonly signers: readonly number[];
  readonly digest: Uint8Array;
  readonly bans: readonly number[];
  readonly peers: readonly PeerKeys[];
  readonly encryptedShard: Uint8Array;
  /** Secret. 32 bytes. */
  readonly opener: Uint8Array;
  /** What the agent's own record says of the keyshare that must be inside. */
  readonly expected: ExpectedKeyshare;
}

/** Facts of a keyshare that the agent's key record fixes. */
export interface ExpectedKeyshare {
  readonly publicKey: Uint8Array;
  readonly address: Uint8Array;
  readonly keyId: Uint8Array;
  readonly recordId: Uint8Array;
  readonly threshold: number;
  readonly parties: number;
  readonly epoch: number;
}

/** Orders to the thread. */
export type WorkerOrder =
  | CommonOrder
  | { readonly order: 'keygen'; readonly id: string; readonly start: KeygenStart }
  | { readonly order: 'sign'; readonly id: string; readonly start: SignStart }
  | { readonly order: 'receive'; readonly id: string; readonly frame: RoundFrame }
  /** Asks whose messages are missing; answered by `waiting`, unless the session is over. */
  | { readonly order: 'waiting'; readonly id: string };

/** Why a session ended without an output; the reasons of `tss`, and those of the thread. */
export interface SessionAbort {
  readonly reason: string;
  readonly culprits: readonly number[];
  readonly bans: readonly number[];
  readonly round: number;
  readonly message: string;
  readonly evidence: readonly SignedMessage[];
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
  | {
      readonly event: 'key';
      readonly id: string;
      readonly address: string;
      readonly publicKey: Uint8Array;
      readonly keyId: Uint8Array;
      readonly recordId: Uint8Array;
      readonly encryptedShard: Uint8Array;
      /** Secret. 32 bytes, transferred. */
      readonly opener: Uint8Array;
    }
  | { readonly event: 'signature'; readonly id: string; readonly signature: Uint8Array }
  | { readonly event: 'aborted'; readonly id: string; readonly abort: SessionAbort }
  | {
      readonly event: 'refused';
      readonly id: string;
      readonly reason: string;
      readonly message: string;
    };
