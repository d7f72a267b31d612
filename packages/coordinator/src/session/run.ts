/** The work of effects, as the kinds of ceremonies see it: everything in the transaction of one event. */
import type { Language } from '@quorate/wire';
import type { AuditEvent, AuditLog } from '../audit/index.ts';
import type { Chips } from '../chips/index.ts';
import type { Hub } from '../delivery/hub.ts';
import type { Outbox } from '../delivery/outbox.ts';
import type { Tx } from '../store/database.ts';
import type { FailureCode, Party } from './types.ts';

/** What effects act on. */
export interface EffectContext {
  readonly outbox: Outbox;
  readonly hub: Hub;
  readonly chips: Chips;
  readonly audit: AuditLog;
  readonly language: Language;
}

/** Sessions of other parties that a session's effects concern. */
export interface Surroundings {
  /** Drops a session from memory once the transaction is durable: its stored events have changed. */
  forget(sessionKey: string): void;
  /** Ends every other open session of a key, and erases from the store's files what was overwritten. */
  endOthers(order: EndOthers): Promise<void>;
}

/** Why no other session of a key goes on. */
export interface EndOthers {
  /** EIP-55. */
  readonly address: string;
  readonly except: string;
  readonly at: number;
  readonly code: FailureCode;
  readonly details: string;
}

/** The effects of one event of one session. */
export interface Run {
  readonly tx: Tx;
  readonly context: EffectContext;
  readonly surroundings: Surroundings;
  /** When the event happened: milliseconds since 1970. */
  readonly at: number;
  /** Sends each party a message that concerns it only while the session goes on. */
  tellParties<P extends Party>(
    parties: readonly P[],
    messageFor: (party: P) => Promise<object>,
  ): Promise<void>;
  /** Writes an entry about this session into the audit log. */
  audit(action: string, details: AuditEvent['details']): Promise<void>;
}
