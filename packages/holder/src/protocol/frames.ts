/**
 * The plain parts that protocols, their thread and the main thread exchange.
 */
import type { SignedMessage } from '../records/evidence.ts';
import type { Algorithm } from '@quorate/wire';

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

/** The input that every protocol has. */
export interface ProtocolStart {
  /** 32 bytes */
  readonly sid: Uint8Array;
  /** Our own part index. */
  readonly index: number;
  readonly peers: readonly PeerKeys[];
}

/** The input of a protocol that uses a share. */
export interface ShareStart extends ProtocolStart {
  readonly bans: readonly number[];
  readonly encryptedShard: Uint8Array;
  /** Secret. 32 bytes, transferred to the thread and wiped after use. */
  readonly opener: Uint8Array;
  /** The facts, from the agent's own record, that the keyshare inside must match. */
  readonly expected: ExpectedKeyshare;
}

/** Facts of a keyshare that the agent's key record fixes. */
export interface ExpectedKeyshare {
  readonly algorithm: Algorithm;
  readonly publicKey: Uint8Array;
  /** 20 bytes */
  readonly keyTag: Uint8Array;
  readonly keyId: Uint8Array;
  readonly recordId: Uint8Array;
  readonly threshold: number;
  readonly parties: number;
  readonly epoch: number;
}

/** Why a session ended without an output; the reasons of `tss`, and those of the thread. */
export interface SessionAbort {
  readonly reason: string;
  readonly culprits: readonly number[];
  readonly bans: readonly number[];
  readonly round: number;
  readonly message: string;
  readonly evidence: readonly SignedMessage[];
}
