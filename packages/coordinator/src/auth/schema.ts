/**
 * Tables of users, their tokens and the one-time setup token.
 *
 * Passwords are scrypt hashes with their parameters beside them; refresh tokens and the setup token
 * are stored as SHA-256 only, so that a copy of the database logs nobody in.
 */
export const statements: string[] = [
  `CREATE TABLE users (
    username TEXT PRIMARY KEY,
    password TEXT NOT NULL,
    roles TEXT NOT NULL,
    state TEXT NOT NULL,
    generation INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
  )`,
  `CREATE TABLE refresh_tokens (
    token_hash TEXT PRIMARY KEY,
    family TEXT NOT NULL,
    username TEXT NOT NULL,
    generation INTEGER NOT NULL,
    state TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
  )`,
  `CREATE INDEX refresh_tokens_family ON refresh_tokens (family)`,
  `CREATE TABLE revoked_tokens (
    token_id TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
  )`,
  `CREATE TABLE setup_token (
    only_row INTEGER PRIMARY KEY,
    token_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
  )`,
];

/** The public keys (SubjectPublicKeyInfo, hex) of the server's own keys, as made or adopted. */
export const serverKeys: string[] = [
  `CREATE TABLE server_keys (
    name TEXT PRIMARY KEY,
    public_key TEXT NOT NULL,
    noted_at BIGINT NOT NULL
  )`,
];

/** Logins by family, and the tokens that administrators made; open logins are carried over. */
export const logins: readonly string[] = [
  `CREATE TABLE logins (
    family TEXT PRIMARY KEY,
    username TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended TEXT,
    token_hash TEXT NOT NULL,
    address_hash TEXT NOT NULL
  )`,
  `CREATE INDEX logins_user ON logins (username, started_at)`,
  `INSERT INTO logins
     (family, username, started_at, used_at, expires_at, ended, token_hash, address_hash)
   SELECT family, username, MIN(issued_at), MAX(issued_at), MAX(expires_at),
     CASE WHEN MIN(state) = 'revoked' THEN 'logout' END,
     COALESCE(MAX(CASE WHEN state = 'active' THEN token_hash END), ''), ''
   FROM refresh_tokens GROUP BY family, username`,
  `CREATE TABLE issued_tokens (
    token_id TEXT PRIMARY KEY,
    username TEXT NOT NULL,
    issued_by TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    withdrawn_at BIGINT
  )`,
  `CREATE INDEX issued_tokens_user ON issued_tokens (username, issued_at)`,
];
