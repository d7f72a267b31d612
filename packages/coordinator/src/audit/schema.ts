/**
 * Tables of the audit log: the hash chain, and the signed checkpoints over it.
 *
 * Rows are only ever inserted. `body` is the canonical JSON covered by the entry's hash.
 */
export const statements: string[] = [
  `CREATE TABLE audit_entries (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    outcome TEXT NOT NULL,
    body TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
  )`,
  `CREATE INDEX audit_entries_actor ON audit_entries (actor, seq)`,
  `CREATE INDEX audit_entries_subject ON audit_entries (subject, seq)`,
  `CREATE TABLE audit_checkpoints (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    hash TEXT NOT NULL,
    signature TEXT NOT NULL
  )`,
];
