/** The user behind a token, and the revocation of tokens. */
import type { Role } from '@quorate/wire';

/** The user of a verified access token. */
export interface Identity {
  readonly username: string;
  readonly roles: readonly Role[];
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly tokenId: string;
  /** The login that issued the token; tokens for programs and tokens of other issuers have none. */
  readonly loginId?: string;
}

/** Names the revoked token, login, or user with all tokens. */
export interface Revoked {
  readonly username: string;
  readonly tokenId?: string;
  readonly loginId?: string;
}

/** Says why a token is refused. */
export interface Refused {
  /** The reason for the server. */
  readonly refused: string;
  /** The reason for whoever presented the token; only for a token signed by its issuer. */
  readonly told?: string;
}

/** Verifies access tokens: signature, pinned algorithm, issuer, expiry, revocation, disabled users. */
export interface Tokens {
  verify(token: string): Promise<Identity | Refused>;
}
