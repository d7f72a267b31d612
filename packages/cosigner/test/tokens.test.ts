// Bearer tokens are good at one server: the one they were made for.
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JWTPayload, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  audienceOf,
  createCosigner,
  makeToken,
  tokenId,
  withdrawnTokens,
  withdrawTokens,
} from '../src/index.ts';
import { tokenVerifier } from '../src/tokens.ts';
import { makeStores, removeStores, writeConfig } from './support/stores.ts';

let directory: string;
let ownKey: KeyObject;

beforeAll(async () => {
  directory = await makeStores();
  ownKey = createPrivateKey(readFileSync(join(directory, 'enterprise/auth.key')));
});

afterAll(() => removeStores(directory));

const enterprise = (auth: object = {}) => writeConfig(directory, 'enterprise', { auth });
/** The mobile side, taking tokens by the key of the enterprise side: one issuer for both. */
const mobile = (auth: object = {}) =>
  writeConfig(directory, 'mobile-app', {
    auth: { public_key_file: 'enterprise/auth.pub', ...auth },
  });
const caller = { name: 'x', roles: ['viewer'] } as const;

/** A token of the enterprise side, but for what is said. */
function token(change: JWTPayload = {}, key: KeyObject = ownKey): Promise<string> {
  const seconds = Math.floor(Date.now() / 1000);
  const claims = {
    sub: 'x',
    roles: ['viewer'],
    iss: 'quorate-cosigner',
    aud: audienceOf(enterprise()),
    iat: seconds,
    exp: seconds + 600,
    ...change,
  };
  const given = Object.fromEntries(
    Object.entries(claims).filter(([, value]) => value !== undefined),
  );
  return new SignJWT(given).setProtectedHeader({ alg: 'EdDSA' }).sign(key);
}

describe('a token', () => {
  test('that quorate cosigner token makes is taken by its server', async () => {
    const made = await makeToken(enterprise(), caller, 600);
    expect(await tokenVerifier(enterprise())(made)).toEqual(caller);
    expect(await tokenVerifier(enterprise())(await token())).toEqual(caller);
  });

  test('R-9 of another server is refused, by the same key and issuer, too', async () => {
    const made = await makeToken(enterprise(), caller, 600);
    await expect(tokenVerifier(mobile())(made)).rejects.toMatchObject({ code: 'unauthorised' });
    const cosigner = await createCosigner(mobile());
    try {
      const url = await cosigner.listen();
      const headers = { authorization: `Bearer ${made}` };
      expect((await fetch(`${url}/api/v1/keys`, { headers })).status).toBe(401);
    } finally {
      await cosigner.close();
    }
  });

  test.each([
    ['for nobody', { aud: undefined }],
    ['for somebody else', { aud: 'mobile-app' }],
    ['for the name of this server alone', { aud: 'enterprise' }],
    ['of no issuer', { iss: undefined }],
    ['of another issuer', { iss: 'quorate' }],
    ['without an end', { exp: undefined }],
    ['whose end has come', { exp: 1 }],
    ['that is not good yet', { nbf: 4_000_000_000 }],
    ['without a name', { sub: undefined }],
    ['with a role that nobody knows', { roles: ['admin'] }],
    ['with no role', { roles: [] }],
  ])('%s is refused', async (_, change) => {
    const refused = tokenVerifier(enterprise())(await token(change as JWTPayload));
    await expect(refused).rejects.toMatchObject({ code: 'unauthorised' });
  });

  test('by another key is refused', async () => {
    const forged = await token({}, generateKeyPairSync('ed25519').privateKey);
    const refused = tokenVerifier(enterprise())(forged);
    await expect(refused).rejects.toMatchObject({ code: 'unauthorised' });
  });

  test('X-10: whose date does not fit is refused with both times', async () => {
    const at = Math.floor(Date.now() / 1000);
    const verify = tokenVerifier(enterprise());
    const shown = (seconds: number): string => new Date(seconds * 1000).toISOString();
    await expect(verify(await token({ exp: at - 60 }))).rejects.toThrow(
      `the token expired at ${shown(at - 60)}, the server's clock shows `,
    );
    await expect(verify(await token({ nbf: at + 300 }))).rejects.toThrow(
      `the token is good from ${shown(at + 300)} on, the server's clock shows `,
    );
  });

  test('of an issuer for several servers is taken by each that it names', async () => {
    const both = await token({ aud: ['till-1', 'till-2'] });
    const verifierOf = (audience: string) => tokenVerifier(enterprise({ audience }));
    expect(await verifierOf('till-2')(both)).toEqual(caller);
    await expect(verifierOf('till-3')(both)).rejects.toMatchObject({ code: 'unauthorised' });
  });
});

describe('a token that is withdrawn', () => {
  const refused = { code: 'unauthorised', message: 'the token is withdrawn' };
  let fresh: string;
  let own: ReturnType<typeof writeConfig>;

  beforeEach(async () => {
    fresh = await makeStores();
    own = writeConfig(fresh, 'enterprise');
  });
  afterEach(() => removeStores(fresh));

  test('Z-19: is refused from then on, by a server that goes on, and no other is', async () => {
    const [one, two] = [await makeToken(own, caller, 600), await makeToken(own, caller, 600)];
    const verify = tokenVerifier(own);
    expect(await verify(one)).toEqual(caller);
    withdrawTokens(own, { jti: tokenId(one) ?? '' });
    await expect(verify(one)).rejects.toMatchObject(refused);
    expect(await verify(two)).toEqual(caller);
    expect(withdrawnTokens(own)).toMatchObject([{ jti: tokenId(one) }]);
  });

  test('Z-19: with all of its name is one that was made until then', async () => {
    const seconds = Math.floor(Date.now() / 1000);
    const key = createPrivateKey(readFileSync(join(fresh, 'enterprise/auth.key')));
    const made = (change: object): Promise<string> =>
      token({ aud: audienceOf(own), ...change }, key);
    const verify = tokenVerifier(own);
    const [before, after] = [await made({}), await made({ iat: seconds + 60 })];
    const [dateless, other] = [await made({ iat: undefined }), await made({ sub: 'y' })];
    withdrawTokens(own, { name: 'x' });
    await expect(verify(before)).rejects.toMatchObject(refused);
    await expect(verify(dateless)).rejects.toMatchObject(refused);
    expect(await verify(after)).toEqual(caller);
    expect(await verify(other)).toMatchObject({ name: 'y' });
  });

  test('Z-19: stays so when its file is damaged, and when the list cannot be read', async () => {
    const made = await makeToken(own, caller, 600);
    withdrawTokens(own, { name: 'x' });
    const folder = join(fresh, 'enterprise/withdrawn');
    const [file = ''] = readdirSync(folder);
    writeFileSync(join(folder, file), 'nonsense');
    await expect(tokenVerifier(own)(made)).rejects.toMatchObject(refused);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'a file in the place of the folder');
    await expect(tokenVerifier(own)(made)).rejects.toMatchObject({ code: 'unauthorised' });
  });
});
