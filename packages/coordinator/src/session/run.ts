/** The tools of effects, as the kinds of ceremonies see them: everything in the transaction of one event. */
import type {
  ChipChallengeMessage,
  ClientRound,
  Language,
  ResponseOf,
  ResultOf,
  RoundProblem,
} from '@quorate/wire';
import type { AuditEvent, AuditLog } from '../audit/index.ts';
import type { Chips } from '../chips/index.ts';
import type { Hub } from '../delivery/hub.ts';
import type { Outbox } from '../delivery/outbox.ts';
import type { Tx } from '../store/database.ts';
import type { FailureCode, Party } from './types.ts';

/** Messages that participants send within a session. */
export type ParticipantMessage =
  | ResponseOf
  | ResultOf
  | ClientRound
  | RoundProblem
  | ChipChallengeMessage;

/** Parts of the server that effects act on. */
export interface EffectContext {
  readonly outbox: Outbox;
  readonly hub: Hub;
  readonly chips: Chips;
  readonly audit: AuditLog;
  readonly language: Language;
}

/** Effects of a session beyond the session. */
export interface Surroundings {
  /** Overwrites deleted bytes in the store's files once the transaction is durable. */
  scrub(): void;
  /** Ends every other open session of a key. */
  endOthers(order: EndOthers): Promise<void>;
}

/** Why the other sessions of a key end. */
export interface EndOthers {
  readonly keyId: string;
  readonly except: string;
  readonly at: number;
  readonly code: FailureCode;
  readonly details: string;
}

/** Carries out the effects of one event of one session. */
export interface Run {
  readonly tx: Tx;
  readonly context: EffectContext;
  readonly surroundings: Surroundings;
  /** When the event happened: milliseconds since 1970. */
  readonly at: number;
  /** The participant's message behind the event, including the parts that no event holds. */
  readonly message: ParticipantMessage | undefined;
  /** Sends each party a message that it needs only while the session is open. */
  tellParties<P extends Party>(
    parties: readonly P[],
    messageFor: (party: P) => Promise<object>,
  ): Promise<void>;
  /** Writes an entry about this session into the audit log. */
  audit(action: string, details: AuditEvent['details']): Promise<void>;
}
