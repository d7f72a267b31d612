/** Bearer tokens of the REST interface: JWTs by Ed25519, with roles. */
import { createPublicKey, type KeyObject, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CosignerRole } from '@quorate/wire';
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { type LoadedConfig } from './config.ts';
import { CosignerError, messageOf, SetupError } from './errors.ts';
import { pathsOf, readSecretLine } from './files.ts';
import { privateKeyFrom } from './keys.ts';

const ALGORITHM = 'EdDSA';
const claimsSchema = z.object({ sub: z.string().min(1), roles: z.array(CosignerRole).min(1) });

/** Who asks, and what they may do. */
export interface Caller {
  readonly name: string;
  readonly roles: readonly CosignerRole[];
}

/** Checks a token. @throws CosignerError `unauthorised` */
export type TokenVerifier = (token: string) => Promise<Caller>;

/** Makes the verifier of a configuration. @throws SetupError `config/missing`, `config/invalid` */
export function tokenVerifier(loaded: LoadedConfig): TokenVerifier {
  const key = publicKeyOf(pathsOf(loaded).authPublic);
  const { issuer } = loaded.config.auth;
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [ALGORITHM],
        issuer,
        requiredClaims: ['exp', 'sub'],
      });
      const { sub, roles } = claimsSchema.parse(payload);
      return { name: sub, roles };
    } catch (error) {
      throw new CosignerError('unauthorised', undefined, error);
    }
  };
}

/** Makes a token with the key of the store. */
export function makeToken(
  loaded: LoadedConfig,
  caller: Caller,
  lifetimeSeconds: number,
): Promise<string> {
  const key = privateKeyFrom(readSecretLine(pathsOf(loaded).inStore('authSecret')));
  const seconds = Math.floor(Date.now() / 1000);
  return new SignJWT({ roles: [...caller.roles] })
    .setProtectedHeader({ alg: ALGORITHM })
    .setSubject(caller.name)
    .setIssuer(loaded.config.auth.issuer)
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
