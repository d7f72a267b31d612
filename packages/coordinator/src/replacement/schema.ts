/**
 * Tables of replacements, and the kind that a chip claims.
 *
 * The partial unique indexes allow one open replacement per person and per chip, even if the code errs.
 */
export const replacement: readonly string[] = [
  `ALTER TABLE chips ADD COLUMN kind TEXT NOT NULL DEFAULT 'unknown'`,
  `CREATE TABLE chip_replacements (
    id TEXT PRIMARY KEY,
    username TEXT NOT NULL,
    old_se_id TEXT NOT NULL REFERENCES chips (se_id),
    new_se_id TEXT NOT NULL REFERENCES chips (se_id),
    retire TEXT NOT NULL,
    state TEXT NOT NULL,
    requested_at BIGINT NOT NULL,
    approved_by TEXT,
    updated_at BIGINT NOT NULL
  )`,
  `CREATE UNIQUE INDEX chip_replacements_open ON chip_replacements (username)
     WHERE state IN ('requested', 'approved', 'switched')`,
  `CREATE UNIQUE INDEX chip_replacements_new ON chip_replacements (new_se_id)
     WHERE state IN ('requested', 'approved', 'switched')`,
  `CREATE TABLE replacement_shards (
    replacement_id TEXT NOT NULL REFERENCES chip_replacements (id),
    address TEXT NOT NULL,
    part_index INTEGER NOT NULL,
    record_id TEXT NOT NULL,
    state TEXT NOT NULL,
    encrypted_shard TEXT NOT NULL,
    PRIMARY KEY (replacement_id, address)
  )`,
];
