/** Checks the claims of another issuer's token before it is accepted. */
import type { JWTHeaderParameters, JWTPayload } from 'jose';
import { dateOf } from '@quorate/wire';
import { z } from 'zod';

/** The types of access tokens: RFC 9068's own, or the general one that many issuers use. */
export type TokenType = 'at+jwt' | 'JWT';

/** The terms for tokens under the keys of a JWKS file. Times are milliseconds. */
export interface IssuerTerms {
  readonly issuer: string;
  /** Names this server: a token for another application is not accepted. */
  readonly audience: string;
  /** `JWT` accepts tokens of type `at+jwt`, `JWT` or none; `at+jwt` accepts only that. */
  readonly type: TokenType;
  /** From issue to expiry. */
  readonly maxLife: number;
  /** The claim that lists roles. */
  readonly rolesClaim: string;
  /** How far the issuer's clock may be off. */
  readonly clockTolerance: number;
}

/** Terms unless configured. */
export const ISSUER_DEFAULTS: Omit<IssuerTerms, 'issuer' | 'audience'> = {
  type: 'at+jwt',
  maxLife: 24 * 3_600_000,
  rolesClaim: 'roles',
  clockTolerance: 30_000,
};

const Times = z.object({ iat: z.number(), exp: z.number() });
/** Claims that only ID tokens and logout tokens have. */
const NOT_OF_ACCESS_TOKENS = ['at_hash', 'c_hash', 'events'];

/**
 * Returns why a token is refused after its signature, issuer, audience, `nbf` and expiry were verified;
 * undefined if it is accepted.
 *
 * Security: an ID token tells another application who a user is. Accepted as an access token, it would let
 * that application act here as every user who logs in to it.
 */
export function tokenProblem(
  header: JWTHeaderParameters,
  payload: JWTPayload,
  terms: IssuerTerms,
  at: number,
): string | undefined {
  const type = header.typ?.toLowerCase().replace(/^application\//, '');
  const types: (string | undefined)[] = ['at+jwt'];
  if (terms.type === 'JWT') types.push('jwt', undefined);
  if (!types.includes(type)) return `type ${shown(type)}, expected ${terms.type}`;
  const foreign = NOT_OF_ACCESS_TOKENS.find((claim) => payload[claim] !== undefined);
  if (foreign !== undefined) return `an access token has no ${foreign}`;
  const times = Times.safeParse(payload);
  if (!times.success) return 'iat and exp are needed';
  const { iat, exp } = times.data;
  if (iat * 1000 > at + terms.clockTolerance) return fromTheFuture(iat * 1000, at);
  const life = (exp - iat) * 1000;
  if (life <= 0 || life > terms.maxLife) {
    return `lives ${Math.round(exp - iat)} s, at most ${terms.maxLife / 1000} s are allowed`;
  }
  return undefined;
}

/** Explains that a clock is wrong, and nothing else about the token. Milliseconds. */
export function fromTheFuture(from: number, at: number): string {
  return `issued in the future: it is valid from ${dateOf(from)} on, the server's clock shows ${dateOf(at)}; one of the clocks is wrong`;
}

/** The roles that a token claims; empty without the claim. */
export function claimedRoles(payload: JWTPayload, { rolesClaim }: IssuerTerms): readonly string[] {
  const claim: unknown = payload[rolesClaim];
  return Array.isArray(claim) ? claim.filter((role) => typeof role === 'string') : [];
}

const shown = (type: string | undefined): string =>
  type === undefined ? 'missing' : JSON.stringify(type.slice(0, 32));
