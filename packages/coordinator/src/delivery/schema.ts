/**
 * Tables of delivery: the outbox per (user, role), its counters, client messages already seen, and
 * the random id of this database.
 */
export const statements: readonly string[] = [
  `CREATE TABLE streams (
    username TEXT NOT NULL,
    role TEXT NOT NULL,
    stream TEXT NOT NULL,
    last_seq BIGINT NOT NULL,
    acked_seq BIGINT NOT NULL,
    PRIMARY KEY (username, role)
  )`,
  `CREATE TABLE outbox (
    username TEXT NOT NULL,
    role TEXT NOT NULL,
    seq BIGINT NOT NULL,
    message TEXT NOT NULL,
    during_session TEXT,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (username, role, seq)
  )`,
  `CREATE INDEX outbox_session ON outbox (during_session)`,
  `CREATE TABLE inbox (
    username TEXT NOT NULL,
    role TEXT NOT NULL,
    cseq BIGINT NOT NULL,
    PRIMARY KEY (username, role)
  )`,
  `CREATE TABLE properties (
    name TEXT PRIMARY KEY,
    content TEXT NOT NULL
  )`,
];
