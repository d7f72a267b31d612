/** Bearer tokens of the REST interface: JWTs by Ed25519, with roles. */
import { messageOf } from '@quorate/holder';
import { createPublicKey, type KeyObject, randomUUID } from 'node:crypto';
import { hashFramed, toHex, utf8 } from '@quorate/intent';
import { CosignerRole, dateOf, LIMITS } from '@quorate/wire';
import { readOperatorFile } from '@quorate/wire/files';
import { decodeJwt, errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { type LoadedConfig } from './config.ts';
import { CosignerError, SetupError } from './errors.ts';
import { pathsOf } from './files.ts';
import { readPrivateKey, x25519Raw } from './keys.ts';
import { checkVersion } from './store/version.ts';
import { isWithdrawn, withdraw, type Withdrawal, withdrawals } from './withdrawn.ts';

const ALGORITHM = 'EdDSA';
const AUDIENCE_LABEL = 'quorate/v1/cosigner/audience';
const claimsSchema = z.object({
  sub: z.string().min(1).max(256),
  roles: z.array(CosignerRole).min(1),
  jti: z.string().max(256).optional(),
  iat: z.number().optional(),
});

/** The answer to a token that this server's key has signed. */
const WITHDRAWN = 'the token is withdrawn';

/** The caller, with its roles. */
export interface Caller {
  readonly name: string;
  readonly roles: readonly CosignerRole[];
}

/** Checks a token. @throws CosignerError `unauthorised` */
export type TokenVerifier = (token: string) => Promise<Caller>;

/**
 * The audience of this server's tokens: the configured one, or the name of this side with its connection key,
 * which no other server has.
 */
export function audienceOf(loaded: LoadedConfig): string {
  const { auth, name } = loaded.config;
  if (auth.audience !== undefined) return auth.audience;
  const key = x25519Raw(readPrivateKey(pathsOf(loaded).inStore('peer')));
  return `${name}/${toHex(hashFramed(AUDIENCE_LABEL, utf8(name), key)).slice(0, 32)}`;
}

/**
 * Makes the verifier of a configuration: tokens by the configured key and issuer, for this server.
 * @throws SetupError `config/missing`, `config/invalid`
 */
export function tokenVerifier(loaded: LoadedConfig): TokenVerifier {
  const key = publicKeyOf(pathsOf(loaded).authPublic);
  const { issuer } = loaded.config.auth;
  const audience = audienceOf(loaded);
  const withdrawn = pathsOf(loaded).inStore('withdrawn');
  return async (token) => {
    if (token.length > LIMITS.token) throw new CosignerError('unauthorised');
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [ALGORITHM],
        issuer,
        audience,
        requiredClaims: ['exp', 'sub', 'iss', 'aud'],
      });
      const { roles, ...claims } = claimsSchema.parse(payload);
      if (isWithdrawn(withdrawn, claims)) throw new CosignerError('unauthorised', WITHDRAWN);
      return { name: claims.sub, roles };
    } catch (error) {
      if (error instanceof CosignerError) throw error;
      throw new CosignerError('unauthorised', dateProblem(error, Date.now()), error);
    }
  };
}

/** For a token signed by this server's key: shows both times if it is refused for its date. */
function dateProblem(error: unknown, now: number): string | undefined {
  const here = `the server's clock shows ${dateOf(now)}`;
  if (error instanceof errors.JWTExpired) {
    return `the token expired at ${dateOf((error.payload.exp ?? 0) * 1000)}, ${here}`;
  }
  if (!(error instanceof errors.JWTClaimValidationFailed) || error.claim !== 'nbf')
    return undefined;
  const from = dateOf(Number(error.payload.nbf) * 1000);
  return `the token is good from ${from} on, ${here}; is one of the clocks wrong?`;
}

/** Makes a token with the key of the store. @throws SetupError without a store that this program knows */
export function makeToken(
  loaded: LoadedConfig,
  caller: Caller,
  lifetimeSeconds: number,
): Promise<string> {
  const paths = pathsOf(loaded);
  checkVersion(paths.inStore('version'), loaded.config.role, loaded.config.name);
  const key = readPrivateKey(paths.inStore('authSecret'));
  const seconds = Math.floor(Date.now() / 1000);
  return new SignJWT({ roles: [...caller.roles] })
    .setProtectedHeader({ alg: ALGORITHM })
    .setSubject(caller.name)
    .setIssuer(loaded.config.auth.issuer)
    .setAudience(audienceOf(loaded))
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + lifetimeSeconds)
    .setJti(randomUUID())
    .sign(key);
}

/** The id by which a token is withdrawn; undefined if it has none. */
export function tokenId(token: string): string | undefined {
  try {
    return decodeJwt(token).jti;
  } catch {
    return undefined;
  }
}

/**
 * Withdraws a token, or all tokens of a name made until now, without a restart of the server.
 *
 * @throws SetupError without a store that this program knows
 */
export function withdrawTokens(
  loaded: LoadedConfig,
  which: { readonly jti: string } | { readonly name: string },
): void {
  const paths = pathsOf(loaded);
  checkVersion(paths.inStore('version'), loaded.config.role, loaded.config.name);
  withdraw(paths.inStore('withdrawn'), { ...which, at: Math.floor(Date.now() / 1000) });
}

/** The withdrawals, newest first. @throws SetupError without a store that this program knows */
export function withdrawnTokens(loaded: LoadedConfig): Withdrawal[] {
  const paths = pathsOf(loaded);
  checkVersion(paths.inStore('version'), loaded.config.role, loaded.config.name);
  return withdrawals(paths.inStore('withdrawn'));
}

function publicKeyOf(path: string): KeyObject {
  let pem: string;
  try {
    pem = readOperatorFile(path).toString('utf8');
  } catch (error) {
    throw new SetupError('config/missing', `token key ${path}: ${messageOf(error)}`, error);
  }
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('an Ed25519 key is expected');
    return key;
  } catch (error) {
    throw new SetupError('config/invalid', `token key ${path}: ${messageOf(error)}`, error);
  }
}
