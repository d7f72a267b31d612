/** Bearer tokens of the REST interface: JWTs by Ed25519, with roles. */
import { createPublicKey, type KeyObject, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hashFramed, toHex, utf8 } from '@quorate/intent';
import { CosignerRole, dateOf, LIMITS } from '@quorate/wire';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { type LoadedConfig } from './config.ts';
import { CosignerError, messageOf, SetupError } from './errors.ts';
import { pathsOf } from './files.ts';
import { readPrivateKey, x25519Raw } from './keys.ts';
import { checkVersion } from './store/version.ts';

const ALGORITHM = 'EdDSA';
const AUDIENCE_LABEL = 'quorate/v1/cosigner/audience';
const claimsSchema = z.object({ sub: z.string().min(1), roles: z.array(CosignerRole).min(1) });

/** Who asks, and what they may do. */
export interface Caller {
  readonly name: string;
  readonly roles: readonly CosignerRole[];
}

/** Checks a token. @throws CosignerError `unauthorised` */
export type TokenVerifier = (token: string) => Promise<Caller>;

/**
 * Whom tokens of this server are for: what the configuration says, or the name of this side with its
 * connection key, which no other server has.
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
  return async (token) => {
    if (token.length > LIMITS.token) throw new CosignerError('unauthorised');
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [ALGORITHM],
        issuer,
        audience,
        requiredClaims: ['exp', 'sub', 'iss', 'aud'],
      });
      const { sub, roles } = claimsSchema.parse(payload);
      return { name: sub, roles };
    } catch (error) {
      throw new CosignerError('unauthorised', dateProblem(error, Date.now()), error);
    }
  };
}

/** Of a token that this server's key has signed: both times, when it is refused for its date. */
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

function publicKeyOf(path: string): KeyObject {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
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
