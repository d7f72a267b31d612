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
  /** Base64 of the ciphertext. */
  readonly shard: string;
}

/** The key that everybody reports. */
interface KeygenDone extends Done {
  readonly publicKey: string;
}

/** The state of a key generation. */
export interface KeygenState extends SessionState {
  readonly kind: 'keygen';
  readonly results: ReadonlyMap<number, Failure | NewShare>;
  readonly outcome?: KeygenDone | Failed;
  /** Parties whose stored record is to be deleted because the key never came to be. */
  readonly orphans: ReadonlyMap<number, StoredRecord>;
}

/** A record that a failed generation left on a chip. */
export interface OrphanEffect {
  readonly type: 'keygen:orphan';
  readonly from: number;
  readonly record: StoredRecord;
}
