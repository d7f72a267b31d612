/** The events of a session: only they are stored, and everything else follows from them. */
import type { RoundProblemReason } from '@quorate/wire';
import type { FailureCode, GoneState, Requested, Result, StoredRecord } from './types.ts';

/** One event of a session. `from` and `to` are part indexes. */
export type Event<R extends Result = Result> =
  | Requested
  | {
      readonly type: 'accepted';
      readonly at: number;
      readonly from: number;
      readonly certificate: string;
      readonly sessionHash: string;
      /** Base64; only where the chip is to be authorised. */
      readonly challenge?: string;
    }
  | {
      readonly type: 'declined';
      readonly at: number;
      readonly from: number;
      readonly reason: string;
    }
  | {
      readonly type: 'relayed';
      readonly at: number;
      readonly from: number;
      readonly to: number | null;
      readonly round: number;
      /** SHA-256 of body and signature; the bytes themselves are only in the outbox. */
      readonly hash: string;
    }
  | {
      /** A broadcast without a valid signature of its sender's session key: refused, not relayed. */
      readonly type: 'unsigned';
      readonly at: number;
      readonly from: number;
      readonly round: number;
    }
  | {
      /** A party could not use another party's message, or did not get it. */
      readonly type: 'reported';
      readonly at: number;
      readonly from: number;
      readonly about: number;
      readonly round: number;
      readonly reason: RoundProblemReason;
    }
  | {
      readonly type: 'challenged';
      readonly at: number;
      readonly from: number;
      readonly challenge: string;
    }
  | {
      readonly type: 'finished';
      readonly at: number;
      readonly from: number;
      readonly result: R;
    }
  | {
      readonly type: 'refuted';
      readonly at: number;
      readonly from: number;
      readonly code: FailureCode;
      readonly details: string;
      /** A record that the refuted result says the chip stored. */
      readonly record?: StoredRecord;
    }
  | {
      /** A reason outside the session ends it. */
      readonly type: 'ended';
      readonly at: number;
      readonly code: FailureCode;
      readonly details: string;
      readonly concerned: readonly number[];
    }
  | {
      /**
       * The chip with a record that should be deleted is lost or destroyed, so the record is out of reach for
       * good.
       */
      readonly type: 'excused';
      readonly at: number;
      readonly from: number;
      readonly chipState: GoneState;
    }
  | {
      /** A holder could not delete its record yet. */
      readonly type: 'delayed';
      readonly at: number;
      readonly from: number;
      readonly message: string;
    }
  | {
      /**
       * An administrator closes a session that still waits for receipts: it stays unproven for the missing
       * holders.
       */
      readonly type: 'closed';
      readonly at: number;
      readonly by: string;
      readonly reason: string;
    }
  | {
      readonly type: 'expired';
      readonly at: number;
      /** The deadline that passed by a monotonic clock; `at` may be before it, or long after. */
      readonly deadline?: number;
    }
  | { readonly type: 'resumed'; readonly at: number };
