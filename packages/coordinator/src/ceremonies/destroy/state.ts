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

/** A holder who is asked, with the record that its chip is to delete. */
export interface DestroyParty extends Party {
  /** Lower-case hex of 32 bytes. */
  readonly recordId: string;
}

/** A holder who is not asked to destroy its shard, because the registry says that its chip is gone. */
export interface Absent {
  readonly index: number;
  readonly username: string;
  readonly seId: string;
  readonly chipState: GoneState;
}

/** The key that is destroyed: `digest` is the hash of the reason, `payloadHash` that of the parts that take part. */
interface DestroyTarget extends DigestTarget {
  readonly payloadHash: string;
  readonly destruction: { readonly reason: string; readonly absent: readonly Absent[] };
}

/** The result of a holder whose chip has signed that its record is gone. */
export interface Receipt extends Success {
  readonly kind: 'destroy';
  /** Base64. */
  readonly receipt: string;
}

/** A key that is destroyed. */
interface DestroyDone extends Done {
  /** Who closed it before all holders had answered, and for whom it is not proven. */
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
  /** Parties whose chips were reported gone after everybody had consented. */
  readonly excused: ReadonlyMap<number, GoneState>;
  /** Why a party could not delete its record the last time that it tried. */
  readonly delays: ReadonlyMap<number, string>;
}

/** A chip's receipt that is stored with its shard. */
export interface ReceiptEffect {
  readonly type: 'destroy:receipt';
  readonly from: number;
  readonly receipt: string;
}
