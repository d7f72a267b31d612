import type { AuditEntry } from '@quorate/wire';

/** Details beyond who, what and when. Flat, and never a secret. */
export type AuditDetails = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** One entry of the audit log, before it is chained. Never holds a secret. */
export interface AuditEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly outcome: AuditEntry['outcome'];
  readonly details: AuditDetails;
}
