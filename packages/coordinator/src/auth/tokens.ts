import { createHash, randomBytes } from 'node:crypto';
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { dateOf, type Role } from '@quorate/wire';
import { z } from 'zod';
import type { Identity, Refused, Tokens } from './identity.ts';
import type { Database, Tx } from '../store/database.ts';
import { claimedRoles, fromTheFuture, tokenProblem } from './issuerTerms.ts';
import { ISSUER, type TokenKeys, type VerifyingKey } from './tokenKeys.ts';
import { findUser, type User, type UserRecord } from './users.ts';

/** A signed access token and its claims. */
export interface IssuedToken {
  readonly token: string;
  readonly tokenId: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Makes and verifies access tokens. */
export interface TokenService extends Tokens {
  /**
   * Makes a token for a user with the current roles; `family` ties it to a login, without one it stands alone.
   */
  issue(user: UserRecord, lifetime: number, family?: string): Promise<IssuedToken>;
}

const MAXIMUM_TOKEN = 4096;
const role = z.enum(['admin', 'coordinator', 'participant', 'auditor']);

/** Claims of every token. */
const Claims = z.object({
  sub: z.string(),
  exp: z.number(),
  jti: z.string().max(128).optional(),
});
/** Further claims of the server's own tokens: roles, their login, the user's generation. */
const OwnClaims = z.object({
  jti: z.string(),
  roles: z.array(role),
  fam: z.string(),
  gen: z.number().int(),
});

/** Makes the token service of one server. */
export function createTokenService(
  keys: TokenKeys,
  database: Database,
  now: () => number,
): TokenService {
  return {
    issue: (user, lifetime, family) => issue(keys, user, { lifetime, family, at: now() }),
    verify: async (token) => {
      const key = pickKey(keys, token);
      if (key === undefined) return { refused: 'unknown key or algorithm' };
      const payload = await verifyWith(key, token, now());
      if ('refused' in payload) return payload;
      return database.read((tx) => identify(tx, key, token, payload.claims));
    },
  };
}

async function issue(
  { signing }: TokenKeys,
  user: UserRecord,
  terms: { lifetime: number; family: string | undefined; at: number },
): Promise<IssuedToken> {
  const tokenId = randomBytes(16).toString('base64url');
  const issuedAt = Math.floor(terms.at / 1000);
  const expiresAt = Math.floor((terms.at + terms.lifetime) / 1000);
  const token = await new SignJWT({
    roles: [...user.roles],
    fam: terms.family ?? tokenId,
    gen: user.generation,
  })
    .setProtectedHeader({ alg: signing.algorithm, kid: signing.kid, typ: 'JWT' })
    .setIssuer(ISSUER)
    .setAudience(ISSUER)
    .setSubject(user.username)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .setJti(tokenId)
    .sign(signing.key);
  return { token, tokenId, expiresAt: expiresAt * 1000 };
}

/** Chooses the key by its id alone; the algorithm that the token names is only compared. */
function pickKey({ verifying }: TokenKeys, token: string): VerifyingKey | undefined {
  if (token.length > MAXIMUM_TOKEN) return undefined;
  try {
    const { kid, alg } = decodeProtectedHeader(token);
    const [only] = verifying;
    const key =
      kid === undefined && verifying.length === 1
        ? only
        : verifying.find((each) => each.kid === kid);
    return key?.algorithm === alg ? key : undefined;
  } catch {
    return undefined;
  }
}

async function verifyWith(
  { key, algorithm, issuer, terms }: VerifyingKey,
  token: string,
  at: number,
): Promise<{ claims: JWTPayload } | Refused> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      issuer,
      requiredClaims: ['sub', 'exp'],
      currentDate: new Date(at),
      ...(terms === undefined
        ? { typ: 'JWT' }
        : { audience: terms.audience, clockTolerance: terms.clockTolerance / 1000 }),
    });
    const problem =
      terms === undefined
        ? foreignAudience(payload)
        : tokenProblem({ ...protectedHeader }, payload, terms, at);
    return problem === undefined ? { claims: payload } : { refused: problem, told: problem };
  } catch (error) {
    return reasonOf(error, at);
  }
}

/** Tokens of this server without an audience predate the audience claim. */
function foreignAudience({ aud = ISSUER }: JWTPayload): string | undefined {
  return aud === ISSUER ? undefined : 'for another audience';
}

/** Refuses a signed token, and tells its bearer which claim is wrong. */
function reasonOf(error: unknown, at: number): Refused {
  if (error instanceof errors.JWTExpired) {
    const end = dateOf((error.payload.exp ?? 0) * 1000);
    const told = `expired at ${end}, the server's clock shows ${dateOf(at)}`;
    return { refused: 'expired', told };
  }
  if (!(error instanceof errors.JWTClaimValidationFailed)) return { refused: 'not valid' };
  const { claim, payload } = error;
  const refused =
    claim === 'nbf' ? fromTheFuture(Number(payload.nbf) * 1000, at) : `not valid: ${claim}`;
  return { refused, told: refused };
}

async function identify(
  tx: Tx,
  { terms }: VerifyingKey,
  token: string,
  payload: JWTPayload,
): Promise<Identity | Refused> {
  const claims = Claims.safeParse(payload);
  const own = terms === undefined ? OwnClaims.safeParse(payload) : undefined;
  if (!claims.success || own?.success === false) {
    return { refused: 'claims missing or of the wrong form' };
  }
  const { sub, exp, jti } = claims.data;
  const user = await findUser(tx, sub);
  if (user?.state !== 'active') return { refused: 'user unknown or disabled' };
  const tokenId = jti ?? createHash('sha256').update(token).digest('base64url');
  const { fam: family, gen, roles = [] } = own?.data ?? {};
  const over =
    own !== undefined && (gen !== user.generation || (await isRevoked(tx, family ?? '')));
  if (over || (await isRevoked(tx, tokenId))) return { refused: 'revoked' };
  const claimed = terms === undefined ? roles : claimedRoles(payload, terms);
  return {
    username: sub,
    roles: allowed(user, claimed),
    expiresAt: exp * 1000 + (terms?.clockTolerance ?? 0),
    tokenId,
    ...(family === undefined || family === jti ? {} : { loginId: family }),
  };
}

/** The roles that both the token and the register of users allow. */
function allowed(user: User, claimed: readonly string[]): Role[] {
  return user.roles.filter((each) => claimed.includes(each));
}

/** Voids a token id or a login family until its last token would have expired anyway. */
export async function revoke(tx: Tx, tokenId: string, until: number): Promise<void> {
  await tx.run(
    'INSERT INTO revoked_tokens (token_id, expires_at) VALUES (?, ?) ON CONFLICT (token_id) DO NOTHING',
    [tokenId, until],
  );
}

/** A clock set forward and back again must not revive a revoked token. */
const REMEMBERED = 7 * 86_400_000;

/** Removes expired refresh tokens, and revocations a week after they expire. */
export async function removeExpiredRefreshTokens(tx: Tx, at: number): Promise<void> {
  await tx.run('DELETE FROM revoked_tokens WHERE expires_at < ?', [at - REMEMBERED]);
  await tx.run('DELETE FROM refresh_tokens WHERE expires_at < ?', [at]);
}

async function isRevoked(tx: Tx, tokenId: string): Promise<boolean> {
  const row = await tx.get('SELECT token_id FROM revoked_tokens WHERE token_id = ?', [tokenId]);
  return row !== undefined;
}
