import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { decodeSpki } from '@quorate/intent';
import {
  describeFileProblem,
  describeIssues,
  describeJsonProblem,
  parseJson,
  secretInFile,
} from '@quorate/wire';
import { readOperatorFile } from '@quorate/wire/files';
import { z } from 'zod';
import { ISSUER_DEFAULTS, type IssuerTerms } from './issuerTerms.ts';
import { KeyFileError, type KeyKind, kindOf, loadOrCreateKey, readSecretFile } from './keyFile.ts';

/** The token algorithms that the server speaks. */
type TokenAlgorithm = 'EdDSA' | 'ES256' | 'HS256';

/** How tokens are made and whose tokens are accepted; paths are absolute. */
export interface TokenKeySettings {
  /** Of the server's own key; EdDSA unless configured. */
  readonly algorithm?: TokenAlgorithm;
  /** PKCS#8 PEM, or at least 32 random bytes for HS256. Made when missing, except for HS256. */
  readonly keyFile: string;
  /** The key of that file if it is open already; not for HS256. */
  readonly key?: KeyObject;
  /** Another issuer whose tokens are accepted too. */
  readonly jwks?: JwksSettings;
}

/** Another issuer: the file of its public keys, and the terms for its tokens. */
type JwksSettings = { readonly file: string } & Pick<IssuerTerms, 'issuer' | 'audience'> &
  Partial<IssuerTerms>;

/** A key that verifies tokens, for one algorithm and one issuer only. */
export interface VerifyingKey {
  readonly kid: string;
  readonly algorithm: TokenAlgorithm;
  readonly issuer: string;
  readonly key: KeyObject | Uint8Array;
  /** Terms of another issuer; absent for the key with which this server makes tokens. */
  readonly terms?: IssuerTerms;
}

/** The server's keys for tokens. */
export interface TokenKeys {
  readonly signing: {
    readonly kid: string;
    readonly algorithm: TokenAlgorithm;
    readonly key: KeyObject | Uint8Array;
  };
  readonly verifying: readonly VerifyingKey[];
}

const KINDS = { EdDSA: 'ed25519', ES256: 'p256' } as const;

/** The kind of the server's own key for an algorithm; undefined for a shared secret. */
export function tokenKeyKind(algorithm: TokenAlgorithm = 'EdDSA'): KeyKind | undefined {
  return algorithm === 'HS256' ? undefined : KINDS[algorithm];
}

/** Issuer and audience of the tokens that this server makes. */
export const ISSUER = 'quorate';

const MINIMUM_SECRET = 32;

const PublicJwk = z.object({
  kty: z.enum(['OKP', 'EC']),
  crv: z.enum(['Ed25519', 'P-256']),
  x: z.string(),
  y: z.string().optional(),
  kid: z.string().min(1).max(128).optional(),
  alg: z.enum(['EdDSA', 'Ed25519', 'ES256']).optional(),
  use: z.literal('sig').optional(),
  d: z.undefined({ error: 'a JWKS file holds public keys only' }).optional(),
});
const Jwks = z.object({ keys: z.array(PublicJwk).min(1).max(64) });

/**
 * Loads the token keys, and makes the server's own on first start.
 *
 * @throws KeyFileError when others can read a file, or it holds another kind of key or a guessable secret
 */
export async function loadTokenKeys(settings: TokenKeySettings): Promise<TokenKeys> {
  const algorithm = settings.algorithm ?? 'EdDSA';
  const own =
    algorithm === 'HS256'
      ? loadShared(settings.keyFile)
      : await ownKeyOf(settings.key ?? loadOrCreateKey(settings.keyFile, KINDS[algorithm]));
  const mine: VerifyingKey = { ...own.verifying, algorithm, issuer: ISSUER };
  const others = settings.jwks === undefined ? [] : await loadJwks(settings.jwks);
  if (others.some((key) => key.kid === mine.kid)) {
    throw new KeyFileError(`${settings.jwks?.file} repeats the key id of the server's own key`);
  }
  return { signing: { ...own.signing, algorithm }, verifying: [mine, ...others] };
}

interface OwnKey {
  readonly signing: { kid: string; key: KeyObject | Uint8Array };
  readonly verifying: { kid: string; key: KeyObject | Uint8Array };
}

async function ownKeyOf(key: KeyObject): Promise<OwnKey> {
  const publicKey = createPublicKey(key);
  const kid = await thumbprint(publicKey);
  return { signing: { kid, key }, verifying: { kid, key: publicKey } };
}

function loadShared(file: string): OwnKey {
  const content = readSecretFile(file);
  if (content === undefined) throw new KeyFileError(`HS256 secret file ${file} does not exist`);
  const read = secretInFile(content);
  content.fill(0);
  if (!read.ok) throw new KeyFileError(`HS256 secret file ${file} ${read.problem}`);
  const secret = new Uint8Array(Buffer.from(Buffer.from(read.secret).toString('utf8').trim()));
  read.secret.fill(0);
  const text = Buffer.from(secret).toString('utf8').toLowerCase();
  if (secret.length < MINIMUM_SECRET || new Set(secret).size < 12) {
    throw new KeyFileError(
      `HS256 secret in ${file} is too weak: 32 random bytes or more are needed`,
    );
  }
  if (/change.?me|secret|password|placeholder|example|your.?jwt|您的/.test(text)) {
    throw new KeyFileError(`HS256 secret in ${file} is a placeholder`);
  }
  const own = { kid: 'shared', key: secret };
  return { signing: own, verifying: own };
}

async function loadJwks({ file, ...given }: JwksSettings): Promise<VerifyingKey[]> {
  const terms = { ...ISSUER_DEFAULTS, ...given };
  const { issuer, audience } = terms;
  if (issuer === '' || issuer === ISSUER) {
    throw new KeyFileError(`${file} needs the issuer of its tokens, other than ${ISSUER}`);
  }
  if (audience === '') throw new KeyFileError(`${file} needs the audience of its tokens`);
  const set = Jwks.safeParse(readJson(file));
  if (!set.success) {
    throw new KeyFileError(
      `${file} is not a set of public Ed25519 and P-256 keys: ${describeIssues(set.error)}`,
    );
  }
  const keys = await Promise.all(
    set.data.keys.map(async ({ kty, crv, x, y, kid }): Promise<VerifyingKey> => {
      const jwk = y === undefined ? { kty, crv, x } : { kty, crv, x, y };
      const key = publicKeyFrom(jwk, file);
      const algorithm = kindOf(key) === 'ed25519' ? 'EdDSA' : 'ES256';
      return { kid: kid ?? (await thumbprint(key)), algorithm, issuer, key, terms };
    }),
  );
  if (new Set(keys.map(({ kid }) => kid)).size !== keys.length) {
    throw new KeyFileError(`${file} has two keys with one key id`);
  }
  return keys;
}

function publicKeyFrom(jwk: JsonWebKey, file: string): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch (cause) {
    throw new KeyFileError(`${file} holds a key that is not a point of ${jwk.crv}`, { cause });
  }
}

function readJson(file: string): unknown {
  let content: Buffer;
  try {
    content = readOperatorFile(file);
  } catch (cause) {
    throw new KeyFileError(describeFileProblem(file, cause), { cause });
  }
  const json = parseJson(content);
  if (!json.ok) throw new KeyFileError(`${file}: ${describeJsonProblem(json)}`);
  return json.value;
}

function thumbprint(key: KeyObject): Promise<string> {
  const spki = key.export({ format: 'der', type: 'spki' });
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
  if (kindOf(key) === 'ed25519') {
    const x = text(decodeSpki('Ed25519', spki));
    return calculateJwkThumbprint({ kty: 'OKP', crv: 'Ed25519', x });
  }
  const point = decodeSpki('P-256', spki);
  const [x, y] = [text(point.subarray(1, 33)), text(point.subarray(33))];
  return calculateJwkThumbprint({ kty: 'EC', crv: 'P-256', x, y });
}
