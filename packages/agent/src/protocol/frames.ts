/** The plain parts that an agent's protocols, their thread and the main thread exchange. */
import type { PeerKeys, SignedMessage } from '@quorate/holder';
import type { Algorithm } from '@quorate/wire';

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

/** The reasons why a session ended without an output: those of `tss`, and those of the thread. */
export interface SessionAbort {
  readonly reason: string;
  readonly culprits: readonly number[];
  readonly bans: readonly number[];
  readonly round: number;
  readonly message: string;
  readonly evidence: readonly SignedMessage[];
}
