/** Tables of keys, of their shards, of their grants, and of records without a key. */
import type { MigrationStep } from '../store/migrationStep.ts';
import { convertEvents } from './convertEvents.ts';

/** First version. */
export const statements: readonly string[] = [
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

/** Third version: the known state of each record, and the chip's receipt for a deleted one. */
export const records: readonly string[] = [
  `ALTER TABLE shards ADD COLUMN state TEXT NOT NULL DEFAULT 'held'`,
  `ALTER TABLE shards ADD COLUMN receipt TEXT`,
  `CREATE INDEX shards_chip ON shards (se_id, state)`,
];

const TABLES: readonly string[] = [
  `CREATE TABLE keys (
    key_id TEXT PRIMARY KEY,
    algorithm TEXT NOT NULL,
    public_key TEXT NOT NULL UNIQUE,
    session_key TEXT NOT NULL UNIQUE REFERENCES sessions (session_key),
    creator TEXT NOT NULL,
    threshold INTEGER NOT NULL,
    total_parts INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL
  )`,
  // Messages and lists show the address at place 0.
  `CREATE TABLE key_labels (
    address TEXT PRIMARY KEY,
    key_id TEXT NOT NULL REFERENCES keys (key_id),
    place INTEGER NOT NULL,
    UNIQUE (key_id, place)
  )`,
  // A share is staged before its key exists: until then key_id refers to no row.
  `CREATE TABLE shards (
    key_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    part_index INTEGER NOT NULL,
    username TEXT NOT NULL,
    se_id TEXT NOT NULL,
    cpic TEXT NOT NULL,
    chip_public_key TEXT NOT NULL,
    record_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('staged', 'current', 'retired', 'deleted')),
    absent INTEGER NOT NULL,
    receipt TEXT,
    staged_by TEXT NOT NULL,
    retired_by TEXT,
    PRIMARY KEY (key_id, epoch, se_id)
  )`,
  `CREATE UNIQUE INDEX shards_current ON shards (key_id, epoch, part_index) WHERE state = 'current'`,
  `CREATE UNIQUE INDEX shards_staged ON shards (key_id, epoch, part_index) WHERE state = 'staged'`,
  `CREATE UNIQUE INDEX shards_holder ON shards (key_id, epoch, username) WHERE state = 'current'`,
  `CREATE INDEX shards_username ON shards (username, key_id)`,
  `CREATE INDEX shards_chip ON shards (se_id, state)`,
  `CREATE INDEX shards_record ON shards (record_id)`,
  `CREATE INDEX shards_staged_by ON shards (staged_by, state)`,
  `CREATE INDEX shards_retired_by ON shards (retired_by)`,
  `CREATE TABLE ciphertexts (
    key_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    se_id TEXT NOT NULL,
    ciphertext TEXT NOT NULL,
    PRIMARY KEY (key_id, epoch, se_id),
    FOREIGN KEY (key_id, epoch, se_id) REFERENCES shards (key_id, epoch, se_id)
  )`,
  `CREATE TABLE grants (
    key_id TEXT NOT NULL REFERENCES keys (key_id),
    username TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (key_id, username)
  )`,
];

const COLUMNS = `key_id, epoch, part_index, username, se_id, cpic, chip_public_key, record_id, state,
  absent, receipt, staged_by, retired_by`;

/** The replacement that brought the shard to a chip, else the key generation. */
const stagedBy = (chip: string): string => `COALESCE((
    SELECT 'replacement:' || e.id FROM chip_replacements e
    JOIN replacement_shards m ON m.replacement_id = e.id
    WHERE e.new_se_id = ${chip} AND m.address = k.address AND m.state IN ('moved', 'deleted')
    ORDER BY e.id LIMIT 1), 'session:' || k.session_key)`;

const COPIES: readonly string[] = [
  `INSERT INTO keys SELECT key_id, 'ecdsa-secp256k1', public_key, session_key, creator, threshold,
     total_parts, epoch, state, created_at FROM key_records`,
  'INSERT INTO key_labels (address, key_id, place) SELECT address, key_id, 0 FROM key_records',
  `INSERT INTO grants (key_id, username, granted_by, granted_at)
     SELECT k.key_id, g.username, g.granted_by, g.granted_at
     FROM old_grants g JOIN key_records k ON k.address = g.address`,
  `INSERT INTO shards (${COLUMNS})
     SELECT k.key_id, k.epoch, s.part_index, s.username, s.se_id, s.cpic, s.chip_public_key, s.record_id,
       CASE s.state WHEN 'deleted' THEN 'deleted' ELSE 'current' END,
       CASE s.state WHEN 'absent' THEN 1 ELSE 0 END, s.receipt, ${stagedBy('s.se_id')}, NULL
     FROM old_shards s JOIN key_records k ON k.address = s.address`,
  `INSERT INTO ciphertexts (key_id, epoch, se_id, ciphertext)
     SELECT k.key_id, k.epoch, s.se_id, s.encrypted_shard
     FROM old_shards s JOIN key_records k ON k.address = s.address WHERE s.encrypted_shard <> ''`,
  // After the switch the old chip's share is retired, and deleted once its receipt arrives.
  `INSERT INTO shards (${COLUMNS})
     SELECT k.key_id, k.epoch, r.part_index, e.username, e.old_se_id, c.cpic, c.public_key, r.record_id,
       CASE r.state WHEN 'deleted' THEN 'deleted' ELSE 'retired' END, 0, NULL,
       ${stagedBy('e.old_se_id')}, 'replacement:' || e.id
     FROM replacement_shards r JOIN chip_replacements e ON e.id = r.replacement_id
     JOIN chips c ON c.se_id = e.old_se_id JOIN key_records k ON k.address = r.address
     WHERE r.state IN ('moved', 'deleted')`,
  // Before the switch the new chip's share is staged, unless the old share has changed since.
  `INSERT INTO shards (${COLUMNS})
     SELECT k.key_id, k.epoch, r.part_index, e.username, e.new_se_id, c.cpic, c.public_key, r.record_id,
       'staged', 0, NULL, 'replacement:' || e.id, NULL
     FROM replacement_shards r JOIN chip_replacements e ON e.id = r.replacement_id
     JOIN chips c ON c.se_id = e.new_se_id JOIN key_records k ON k.address = r.address
     JOIN old_shards s ON s.address = r.address AND s.part_index = r.part_index
     WHERE r.state = 'sealed' AND r.encrypted_shard <> '' AND r.record_id = s.record_id`,
  `INSERT INTO ciphertexts (key_id, epoch, se_id, ciphertext)
     SELECT h.key_id, h.epoch, h.se_id, r.encrypted_shard
     FROM shards h JOIN key_labels l ON l.key_id = h.key_id
     JOIN replacement_shards r ON 'replacement:' || r.replacement_id = h.staged_by
       AND r.address = l.address WHERE h.state = 'staged'`,
];

/** A session names its key by `key_id`; a key generation does so once the key exists. */
const SESSIONS: readonly string[] = [
  'ALTER TABLE sessions ADD COLUMN key_id TEXT REFERENCES keys (key_id)',
  `UPDATE sessions SET key_id =
     (SELECT l.key_id FROM key_labels l WHERE l.address = sessions.address)`,
  'DROP INDEX sessions_address',
  'CREATE INDEX sessions_key ON sessions (key_id, ended)',
];

/**
 * Eleventh version: a key is named by its `key_id`; each share has one life and its ciphertext one place, and
 * events of key generations hold the ciphertext's hash.
 */
export const oneLife: readonly MigrationStep[] = [
  'DROP INDEX shards_username',
  'DROP INDEX shards_chip',
  'ALTER TABLE shards RENAME TO old_shards',
  'ALTER TABLE grants RENAME TO old_grants',
  ...TABLES,
  ...COPIES,
  convertEvents,
  'DROP TABLE replacement_shards',
  'DROP TABLE old_shards',
  'DROP TABLE old_grants',
  'DROP TABLE key_records',
  ...SESSIONS,
];
