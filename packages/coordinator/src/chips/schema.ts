/**
 * Tables of the chip registry: chips, and unanswered possession challenges.
 *
 * The partial unique index allows one active chip per person, even if the code errs.
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

/**
 * Second version: a destroyed chip no longer reserves its CPLC, because anybody can read the CPLC off a chip
 * and could have registered it with another key. Its identifier and public key stay reserved for ever.
 */
export const retirement: string[] = [
  `CREATE TABLE chips_next (
    se_id TEXT PRIMARY KEY,
    username TEXT NOT NULL,
    cpic TEXT NOT NULL,
    public_key TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    state TEXT NOT NULL,
    registered_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
  )`,
  `INSERT INTO chips_next SELECT se_id, username, cpic, public_key, label, state, registered_at, updated_at
     FROM chips`,
  'DROP TABLE chips',
  'ALTER TABLE chips_next RENAME TO chips',
  `CREATE UNIQUE INDEX chips_one_active ON chips (username) WHERE state = 'active'`,
  `CREATE UNIQUE INDEX chips_one_cpic ON chips (cpic) WHERE state <> 'destroyed'`,
];

/** The challenges whose unblocking was authorised: one authorisation each, ever. */
export const unblocking: string[] = [
  `CREATE TABLE chip_unblocks (
    challenge TEXT PRIMARY KEY,
    se_id TEXT NOT NULL,
    ordered_at BIGINT NOT NULL
  )`,
  'CREATE INDEX chip_unblocks_recent ON chip_unblocks (se_id, ordered_at)',
];
