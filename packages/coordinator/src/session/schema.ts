/**
 * Tables of sessions and keys.
 *
 * A session is its events; the row beside them is a summary for lists. Keys and shards are written in
 * the transaction that completes their key generation, never before.
 */
export const statements: readonly string[] = [
  `CREATE TABLE sessions (
    session_key TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    coordinator TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    threshold INTEGER NOT NULL,
    total_parts INTEGER NOT NULL,
    address TEXT,
    ended INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
  )`,
  `CREATE INDEX sessions_open ON sessions (ended, session_key)`,
  `CREATE TABLE session_participants (
    session_key TEXT NOT NULL REFERENCES sessions (session_key),
    part_index INTEGER NOT NULL,
    username TEXT NOT NULL,
    PRIMARY KEY (session_key, part_index)
  )`,
  `CREATE INDEX session_participants_username ON session_participants (username, session_key)`,
  `CREATE TABLE session_events (
    session_key TEXT NOT NULL REFERENCES sessions (session_key),
    number INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (session_key, number)
  )`,
  `CREATE TABLE key_records (
    address TEXT PRIMARY KEY,
    public_key TEXT NOT NULL UNIQUE,
    key_id TEXT NOT NULL,
    session_key TEXT NOT NULL UNIQUE REFERENCES sessions (session_key),
    creator TEXT NOT NULL,
    threshold INTEGER NOT NULL,
    total_parts INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL
  )`,
  `CREATE TABLE shards (
    address TEXT NOT NULL REFERENCES key_records (address),
    part_index INTEGER NOT NULL,
    username TEXT NOT NULL,
    se_id TEXT NOT NULL,
    cpic TEXT NOT NULL,
    chip_public_key TEXT NOT NULL,
    encrypted_shard TEXT NOT NULL,
    record_id TEXT NOT NULL,
    PRIMARY KEY (address, part_index),
    UNIQUE (address, se_id),
    UNIQUE (address, username)
  )`,
  `CREATE INDEX shards_username ON shards (username, address)`,
  `CREATE TABLE grants (
    address TEXT NOT NULL REFERENCES key_records (address),
    username TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (address, username)
  )`,
  `CREATE TABLE orphans (
    record_id TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    session_key TEXT NOT NULL REFERENCES sessions (session_key),
    part_index INTEGER NOT NULL,
    username TEXT NOT NULL,
    se_id TEXT NOT NULL,
    chip_public_key TEXT NOT NULL,
    cpic TEXT NOT NULL,
    reason TEXT NOT NULL,
    reported_at BIGINT NOT NULL
  )`,
  `CREATE INDEX orphans_username ON orphans (username)`,
];

/** Third version: what is known of each record, and the chip's receipt once it is gone. */
export const destruction: readonly string[] = [
  `ALTER TABLE shards ADD COLUMN state TEXT NOT NULL DEFAULT 'held'`,
  `ALTER TABLE shards ADD COLUMN receipt TEXT`,
  `CREATE INDEX shards_chip ON shards (se_id, state)`,
  `CREATE INDEX sessions_address ON sessions (address, ended)`,
];

/** Ninth version: which participants have accepted; only they need room on their chips for a key that is being made. */
export const acceptance: readonly string[] = [
  'ALTER TABLE session_participants ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0',
  // Of a session that waits for answers nobody knows here who has given one: it is not counted.
  `UPDATE session_participants SET accepted = 1 WHERE session_key IN
     (SELECT session_key FROM sessions WHERE state IN ('running', 'results'))`,
];
