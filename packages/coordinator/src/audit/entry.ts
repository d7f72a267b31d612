import { fromHex, hashFramed, toHex, u64 } from '@quorate/intent';
import type { AuditEntry } from '@quorate/wire';
import { z } from 'zod';
import type { AuditEvent } from './event.ts';
import { canonicalJson } from './canonical.ts';
import { storableText, guardDetails } from './guard.ts';

/** The `previous` of the first entry. */
export const GENESIS: string = '0'.repeat(64);

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const natural = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const detail = z.union([z.string(), z.number().int(), z.boolean(), z.array(z.string())]);
const body = {
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  outcome: z.enum(['ok', 'refused', 'failed']),
  details: z.record(z.string(), detail),
};

/** The part of an entry that people read: the event. */
export type EntryBody = Readonly<
  Pick<AuditEntry, 'actor' | 'action' | 'subject' | 'outcome' | 'details'>
>;

/** One link of the chain. */
export type Entry = Readonly<AuditEntry>;

/** The schema of an entry's stored body. */
export const EntryBodySchema: z.ZodType<EntryBody> = z.strictObject(body);

/** The schema of an entry in a file. */
export const EntrySchema: z.ZodType<Entry> = z.strictObject({
  seq: natural.min(1),
  at: natural,
  ...body,
  previous: hash,
  hash,
});

/** Makes the body of an entry from an event, without secrets and control characters. */
export function bodyOf(event: AuditEvent): EntryBody {
  return {
    actor: storableText(event.actor),
    action: storableText(event.action),
    subject: storableText(event.subject),
    outcome: event.outcome,
    details: guardDetails(event.details),
  };
}

/** The body in the bytes that the chain covers. */
export function canonicalBody(body: EntryBody): string {
  const { actor, action, subject, outcome, details } = body;
  return canonicalJson({ actor, action, subject, outcome, details });
}

/** SHA-256 of framed(label, seq, at, body, previous), in hex. docs/spec/audit.md §2. */
export function entryHash(seq: number, at: number, body: string, previous: string): string {
  return toHex(
    hashFramed(
      'quorate/v1/audit-entry',
      u64(seq),
      u64(at),
      new TextEncoder().encode(body),
      fromHex(previous),
    ),
  );
}
