/**
 * Tables of the chip registry: chips, and the possession challenges that are not yet answered.
 *
 * The partial unique index keeps a person to one active chip even if the code above it errs.
 */
export const statements: string[] = [
  `CREATE TABLE chips (
    se_id TEXT PRIMARY KEY,
    username TEXT NOT NULL,
    cpic TEXT NOT NULL UNIQUE,
    public_key TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    state TEXT NOT NULL,
    registered_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
  )`,
  `CREATE UNIQUE INDEX chips_one_active ON chips (username) WHERE state = 'active'`,
  `CREATE TABLE chip_challenges (
    nonce_hash TEXT PRIMARY KEY,
    username TEXT NOT NULL,
    expires_at BIGINT NOT NULL
  )`,
];
