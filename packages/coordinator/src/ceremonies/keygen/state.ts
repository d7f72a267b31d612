/** A key generation as data. */
import type {
  Done,
  Failed,
  Failure,
  SessionState,
  StoredRecord,
  Success,
} from '../../session/types.ts';

/** The result of a participant whose chip has stored a share of the new key. */
export interface NewShare extends Success, StoredRecord {
  readonly kind: 'keygen';
  /** `0x` and 66 hex digits: the same at all participants. */
  readonly publicKey: string;
  /** SHA-256 of the ciphertext, lower-case hex; only keys/ holds the bytes. */
  readonly shardHash: string;
}

/** The key that every participant reports. */
interface KeygenDone extends Done {
  readonly publicKey: string;
}

/** The state of a key generation. */
export interface KeygenState extends SessionState {
  readonly kind: 'keygen';
  readonly results: ReadonlyMap<number, Failure | NewShare>;
  readonly outcome?: KeygenDone | Failed;
  /** Parties that have to delete a stored record because the key was never made. */
  readonly orphans: ReadonlyMap<number, StoredRecord>;
}

/** An effect of key generations. */
export type KeygenEffect =
  /** Stages the ciphertext of a share. */
  | { readonly type: 'keygen:stage'; readonly from: number }
  /** Discards the staged shares after a failure. */
  | { readonly type: 'keygen:discard' }
  | OrphanEffect;

/** A record that a failed generation left on a chip. */
export interface OrphanEffect {
  readonly type: 'keygen:orphan';
  readonly from: number;
  readonly record: StoredRecord;
}
