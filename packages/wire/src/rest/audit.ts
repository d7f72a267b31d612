/**
 * The audit log (docs/spec/audit.md), and the state of the process.
 */
import { z } from 'zod';
import { base64Bytes, Hash, Time, text, Username } from '../fields.ts';
import { LIMITS } from '../limits.ts';
import { bounded } from '../strings.ts';
import { PageLimit, TimeQuery } from './common.ts';

const Words = bounded(LIMITS.text);
const Detail = z.union([Words, z.int(), z.boolean(), z.array(Words).max(LIMITS.page.max)]);
const Outcome = z.enum(['ok', 'refused', 'failed']);

/** One link of the chain. */
export const AuditEntry = z
  .strictObject({
    seq: z.int().min(1),
    at: Time,
    actor: Words,
    action: Words,
    subject: Words,
    outcome: Outcome,
    details: z.record(bounded(64), Detail),
    previous: Hash,
    hash: Hash,
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof AuditEntry>;

/** Entries, newest first; `next` goes into `before`. */
export const AuditList = z
  .strictObject({
    entries: z.array(AuditEntry).max(LIMITS.page.max),
    next: z.int().min(1).optional(),
  })
  .meta({ id: 'AuditList' });
export type AuditList = z.infer<typeof AuditList>;

const Remote = bounded(64).meta({ description: 'the address of the client' });

/** A registered connection, as overseers see it. */
export const ConnectionEntry = z
  .strictObject({
    username: Username,
    role: z.enum(['coordinator', 'participant']),
    client_id: bounded(LIMITS.clientId).optional(),
    remote: Remote,
    since: Time,
    token_id: bounded(128),
    login_id: bounded(128).optional(),
    replaced: z
      .strictObject({ remote: Remote, since: Time })
      .optional()
      .meta({ description: 'the connection that this one replaced' }),
  })
  .meta({ id: 'ConnectionEntry' });
export type ConnectionEntry = z.infer<typeof ConnectionEntry>;

/** The registered connections, newest first. */
export const ConnectionList = z
  .strictObject({ connections: z.array(ConnectionEntry).max(LIMITS.page.max) })
  .meta({ id: 'ConnectionList' });
export type ConnectionList = z.infer<typeof ConnectionList>;

/** Selects entries to list. */
export const AuditQuery = z.strictObject({
  actor: text(200).optional(),
  action: text(200).optional(),
  subject: text(200).optional(),
  outcome: Outcome.optional(),
  since: TimeQuery.optional(),
  until: TimeQuery.optional(),
  before: TimeQuery.min(1).optional(),
  limit: PageLimit,
});
export type AuditQuery = z.infer<typeof AuditQuery>;

/** The head of the chain, signed by the audit key. */
export const CheckpointAnswer = z
  .strictObject({
    seq: z.int().min(1),
    at: Time,
    hash: Hash,
    signature: base64Bytes(64),
    public_key: Hash,
  })
  .meta({ id: 'CheckpointAnswer' });
export type CheckpointAnswer = z.infer<typeof CheckpointAnswer>;

/** A part of the server that can stand still. */
export const PartHealth = z
  .strictObject({
    name: z.enum(['event_loop', 'store']),
    state: z
      .enum(['ready', 'busy'])
      .meta({ description: 'busy: it stood still for over a second' }),
    delay_ms: z.int().nonnegative().meta({
      description:
        'event loop: the longest standstill in the last 10 to 20 s; store: how long its last answer took or, while one is pending, has been pending',
    }),
  })
  .meta({ id: 'PartHealth' });
export type PartHealth = z.infer<typeof PartHealth>;

/** `/healthz`: this process answers. `/readyz`: its database answers as well. */
export const HealthAnswer = z
  .strictObject({
    status: z.enum(['ok', 'not_ready']),
    /** In `/readyz`: warnings for the operator although the server works. */
    warnings: z.array(bounded(512)).max(16).optional(),
    parts: z.array(PartHealth).max(8).optional(),
  })
  .meta({ id: 'HealthAnswer' });
export type HealthAnswer = z.infer<typeof HealthAnswer>;
