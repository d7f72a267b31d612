/**
 * The messages between the main thread and the thread that runs the protocols. Openers cross it as transferred
 * buffers; primes cross it as numbers, which nobody can wipe.
 */
import type {
  CommonEvent,
  CommonOrder,
  CommonSessionEvent,
  PartyOutcome,
  PeerKeys,
  SignedMessage,
} from '@quorate/holder';
import type { KeyUnsafe, ModulusBits, PrimePair } from '@quorate/tss';
import type { KeyLock } from '@quorate/tss/lindell17';

/** The message of a signature that P1 judges with its Paillier key: `sign_p2_partial`. */
export const JUDGED_ROUND = 4;

/** Facts of a keyshare that this side's key record fixes. */
interface ShareFacts {
  readonly publicKey: Uint8Array;
  readonly address: Uint8Array;
  readonly keyId: Uint8Array;
  readonly recordId: Uint8Array;
  readonly epoch: number;
  readonly index: 1 | 2;
}

/** A sealed keyshare and what opens it; the opener is transferred and wiped. */
export interface ShareToOpen extends ShareFacts {
  readonly encryptedShard: Uint8Array;
  /** Secret. 32 bytes. */
  readonly opener: Uint8Array;
}

/** Secret. Primes of one key generation or refresh. */
export interface PrimesFor {
  readonly pedersen: PrimePair;
  readonly paillier?: PrimePair;
}

/** The inputs of every session. */
interface Start {
  readonly sid: Uint8Array;
  readonly index: 1 | 2;
  readonly peer: PeerKeys;
}

/** A key generation. */
export interface KeygenStart extends Start {
  readonly kind: 'keygen';
  readonly bits: ModulusBits;
  readonly primes: PrimesFor;
  readonly knownModuli: readonly bigint[];
}

/** A signature with a key that the thread holds open. */
export interface SignStart extends Start {
  readonly kind: 'sign';
  readonly key: string;
  readonly lock: KeyLock;
  readonly digest: Uint8Array;
}

/** A refresh of a key that the thread holds open. */
export interface RefreshStart extends Start {
  readonly kind: 'refresh';
  readonly key: string;
  readonly lock: KeyLock;
  readonly primes: PrimesFor;
  readonly knownModuli: readonly bigint[];
}

/** Orders to the thread. `key` names a key and its epoch. */
export type WorkerOrder =
  | CommonOrder
  | { readonly order: 'hold'; readonly key: string; readonly share: ShareToOpen }
  | { readonly order: 'wipe'; readonly key: string }
  | {
      readonly order: 'start';
      readonly id: string;
      readonly start: KeygenStart | SignStart | RefreshStart;
    };

/** How a session ended without an output. */
export interface SessionAbort {
  readonly reason: string;
  readonly culprits: readonly number[];
  readonly keyUnsafe: KeyUnsafe | null;
  readonly round: number;
  readonly message: string;
  readonly evidence: readonly SignedMessage[];
}

/** A new keyshare, sealed. */
export interface NewShare {
  readonly publicKey: Uint8Array;
  readonly address: string;
  readonly keyId: Uint8Array;
  readonly epoch: number;
  readonly recordId: Uint8Array;
  readonly moduli: readonly bigint[];
  readonly encryptedShard: Uint8Array;
  /** Secret. 32 bytes, transferred. */
  readonly opener: Uint8Array;
}

/** The reports of the thread. */
export type WorkerEvent =
  | CommonEvent
  | CommonSessionEvent
  | {
      readonly event: 'ignored';
      readonly id: string;
      readonly round: number;
      readonly reason: string;
    }
  | { readonly event: 'share'; readonly id: string; readonly share: NewShare }
  | { readonly event: 'signature'; readonly id: string; readonly signature: Uint8Array }
  | { readonly event: 'aborted'; readonly id: string; readonly abort: SessionAbort };

/** Events that belong to one session. */
export type SessionEvent = Exclude<WorkerEvent, CommonEvent>;

/** An aborted outcome of the protocol engine. */
export type AbortedOutcome = Extract<PartyOutcome<unknown>, { status: 'aborted' }>;
