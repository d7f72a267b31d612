/** Tables of sessions: a session is its events; the row beside them is a summary for lists. */
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
];

/** Third version: an index finds the sessions of a key. */
export const byAddress: readonly string[] = [
  `CREATE INDEX sessions_address ON sessions (address, ended)`,
];

/** Ninth version: records which participants accepted; only they need room on their chips for a new key. */
export const acceptance: readonly string[] = [
  'ALTER TABLE session_participants ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0',
  // For sessions that still wait for answers the old rows do not say who answered: nobody is counted there.
  `UPDATE session_participants SET accepted = 1 WHERE session_key IN
     (SELECT session_key FROM sessions WHERE state IN ('running', 'results'))`,
];
