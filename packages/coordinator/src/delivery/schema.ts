/**
 * Tables of delivery: the outbox per (user, role), its counters, the client messages already stored, and the
 * random id of this database.
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

/** Rebuilds a table for several clients a user instead of one. */
const rebuilt = (table: string, columns: string, definition: string): readonly string[] => [
  `ALTER TABLE ${table} RENAME TO ${table}_before`,
  `CREATE TABLE ${table} (
    username TEXT NOT NULL,
    role TEXT NOT NULL,
    client TEXT NOT NULL,
    ${definition}
  )`,
  `INSERT INTO ${table} (username, role, client, ${columns})
   SELECT username, role, '', ${columns} FROM ${table}_before`,
  `DROP TABLE ${table}_before`,
];

/** Numbers, messages and seen messages for each client of a user, and the followers of each session. */
export const clients: readonly string[] = [
  `ALTER TABLE streams ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0`,
  ...rebuilt(
    'streams',
    'stream, last_seq, acked_seq, seen_at',
    `stream TEXT NOT NULL,
    last_seq BIGINT NOT NULL,
    acked_seq BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (username, role, client)`,
  ),
  `DROP INDEX outbox_session`,
  ...rebuilt(
    'outbox',
    'seq, message, during_session, expires_at',
    `seq BIGINT NOT NULL,
    message TEXT NOT NULL,
    during_session TEXT,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (username, role, client, seq)`,
  ),
  `CREATE INDEX outbox_session ON outbox (during_session)`,
  `CREATE INDEX outbox_expiry ON outbox (expires_at)`,
  ...rebuilt(
    'inbox',
    'cseq',
    `cseq BIGINT NOT NULL,
    PRIMARY KEY (username, role, client)`,
  ),
  `CREATE TABLE session_followers (
    session_key TEXT NOT NULL REFERENCES sessions (session_key) ON DELETE CASCADE,
    client TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (session_key, client)
  )`,
  `INSERT INTO session_followers (session_key, client, since)
   SELECT session_key, '', created_at FROM sessions WHERE ended = 0`,
];

/**
 * Bodies of rounds as bytes, in pages of their own: pages of the outbox, where ciphertexts stand, are overwritten when
 * they become free, and these are not. A body that is still in a message stays there.
 */
export const bodies: readonly string[] = [
  `CREATE TABLE outbox_bodies (
    username TEXT NOT NULL,
    role TEXT NOT NULL,
    client TEXT NOT NULL,
    seq BIGINT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (username, role, client, seq),
    FOREIGN KEY (username, role, client, seq)
      REFERENCES outbox (username, role, client, seq) ON DELETE CASCADE
  )`,
];
