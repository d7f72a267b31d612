/** The destruction of a key as data. */
import type {
  Done,
  Failed,
  Failure,
  GoneState,
  Party,
  Requested,
  SessionState,
  Success,
} from '../../session/types.ts';
import type { DigestTarget } from '../target.ts';

/** A holder who takes part, with the record that its chip has to delete. */
export interface DestroyParty extends Party {
  /** Lower-case hex of 32 bytes. */
  readonly recordId: string;
}

/** A holder who is not asked, because its chip is registered as gone. */
export interface Absent {
  readonly index: number;
  readonly username: string;
  readonly seId: string;
  readonly chipState: GoneState;
}

/** The key to destroy: `digest` is the hash of the reason, `payloadHash` that of the parts that take part. */
interface DestroyTarget extends DigestTarget {
  readonly payloadHash: string;
  readonly destruction: { readonly reason: string; readonly absent: readonly Absent[] };
}

/** The result of a holder whose chip signed that its record is gone. */
export interface Receipt extends Success {
  readonly kind: 'destroy';
  /** Base64. */
  readonly receipt: string;
}

/** A destroyed key. */
interface DestroyDone extends Done {
  /** Who closed it before all holders had answered, and for whom it is unproven. */
  readonly closed?: {
    readonly by: string;
    readonly reason: string;
    readonly unproven: readonly number[];
  };
}

/** The first event of a destruction. */
export interface DestroyRequested extends Requested {
  readonly kind: 'destroy';
  readonly parties: readonly DestroyParty[];
  readonly target: DestroyTarget;
}

/** The state of a destruction. */
export interface DestroyState extends SessionState {
  readonly kind: 'destroy';
  readonly parties: readonly DestroyParty[];
  readonly target: DestroyTarget;
  readonly results: ReadonlyMap<number, Failure | Receipt>;
  readonly outcome?: DestroyDone | Failed;
  /** Parties whose chips were reported gone after every holder had consented. */
  readonly excused: ReadonlyMap<number, GoneState>;
  /** Why a party could not delete its record at its last attempt. */
  readonly delays: ReadonlyMap<number, string>;
}

/** Stores a chip's receipt with its shard. */
export interface ReceiptEffect {
  readonly type: 'destroy:receipt';
  readonly from: number;
  readonly receipt: string;
}
