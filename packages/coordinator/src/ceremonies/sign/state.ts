/** A signature as data. */
import type { SignInvite } from '@quorate/wire';
import type {
  Done,
  Failed,
  Failure,
  Requested,
  SessionState,
  Success,
} from '../../session/types.ts';
import type { DigestTarget } from '../target.ts';

/** The result of a signer whose signature verifies. */
export interface MadeSignature extends Success {
  readonly kind: 'sign';
  /** `0x` and 130 lower-case hex digits: r, s, v. */
  readonly signature: string;
}

/** A signature that verifies. */
interface SignDone extends Done {
  readonly signature: string;
}

/** The key that signs, and the digest that it signs. */
export interface SignTarget extends DigestTarget {
  /** Exactly as it came in, after the wire's schema and the intent's checks. */
  readonly payload?: NonNullable<SignInvite['payload']>;
  readonly display?: string;
}

/**
 * The rules by which a signature's events are read. Absent: the rules of the first version, by which stored
 * sessions ended (it waited for all results, and one false result ended it).
 */
type SignRules = { readonly rules?: 2 };

/** The first event of a signature. */
export interface SignRequested extends Requested, SignRules {
  readonly kind: 'sign';
  readonly target: SignTarget;
}

/** The state of a signature. */
export interface SignState extends SessionState, SignRules {
  readonly kind: 'sign';
  readonly target: SignTarget;
  readonly results: ReadonlyMap<number, Failure | MadeSignature>;
  readonly outcome?: SignDone | Failed;
  /** Whether the log names the parties that gave no result in time, although there is a signature. */
  readonly missingNoted?: true;
}

/** Notes in the audit log about results that did not decide the outcome. */
export type SignEffect =
  /** A result after the end: a signature that differs from the outcome, or one where there was none. */
  | {
      readonly type: 'sign:note-result';
      readonly from: number;
      readonly note: 'different' | 'found';
    }
  | { readonly type: 'sign:note-missing'; readonly missing: readonly number[] };
