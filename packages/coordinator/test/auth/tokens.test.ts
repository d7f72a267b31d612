import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
} from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KeyFileError } from '../../src/auth/keyFile.ts';
import { loadTokenKeys } from '../../src/auth/tokenKeys.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { type Fixture, HERE, openFixture, PASSWORD, setUpAdmin, START } from './support.ts';

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const parts = (token: string) =>
  token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));

async function adminToken(fixture: Fixture): Promise<string> {
  await setUpAdmin(fixture);
  return (await fixture.auth.login({ username: 'root', password: PASSWORD }, HERE)).accessToken;
}

function signedByServer({ directory }: Fixture, header: object, claims: object): string {
  const key = createPrivateKey(readFileSync(join(directory, 'keys', 'jwt.pem')));
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`;
}

describe('access tokens', () => {
  test('carry subject, roles, issuer, expiry, id and the pinned algorithm', async () => {
    const fixture = await openFixture();
    const token = await adminToken(fixture);
    const [header, claims] = parts(token);
    expect(header).toMatchObject({ alg: 'EdDSA', kid: expect.any(String), typ: 'JWT' });
    expect(claims).toMatchObject({ sub: 'root', roles: ['admin'], iss: 'quorate', aud: 'quorate' });
    expect(claims.exp - claims.iat).toBe(900);
    expect(await fixture.auth.tokens.verify(token)).toEqual({
      username: 'root',
      roles: ['admin'],
      expiresAt: START + 900_000,
      tokenId: claims.jti,
      loginId: claims.fam,
    });
  });

  test('expire after their lifetime', async () => {
    const fixture = await openFixture();
    const token = await adminToken(fixture);
    fixture.clock.advance(899_999);
    expect(await fixture.auth.tokens.verify(token)).toMatchObject({ username: 'root' });
    fixture.clock.advance(1);
    expect(await fixture.auth.tokens.verify(token)).toMatchObject({ refused: 'expired' });
  });

  test('are refused with algorithm none, HS256 under the public key, or another key', async () => {
    const fixture = await openFixture();
    const token = await adminToken(fixture);
    const [header, claims] = parts(token);
    const pem = readFileSync(join(fixture.directory, 'keys', 'jwt.pem'));
    const publicKey = createPublicKey(createPrivateKey(pem));
    const secrets = [
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      Buffer.from(String(publicKey.export({ format: 'jwk' }).x), 'base64url'),
    ];
    const forged = [`${encode({ ...header, alg: 'none' })}.${encode(claims)}.`];
    for (const secret of secrets) {
      const input = `${encode({ ...header, alg: 'HS256' })}.${encode(claims)}`;
      forged.push(`${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`);
    }
    const other = generateKeyPairSync('ed25519').privateKey;
    const input = `${encode(header)}.${encode(claims)}`;
    forged.push(`${input}.${sign(null, Buffer.from(input), other).toString('base64url')}`);
    const jwk = { ...header, jwk: createPublicKey(other).export({ format: 'jwk' }), kid: 'x' };
    const withKey = `${encode(jwk)}.${encode(claims)}`;
    forged.push(`${withKey}.${sign(null, Buffer.from(withKey), other).toString('base64url')}`);
    for (const each of forged) {
      expect(await fixture.auth.tokens.verify(each)).toEqual({ refused: expect.any(String) });
    }
  });

  test('are refused without expiry, with another issuer, or with claims of another form', async () => {
    const fixture = await openFixture();
    const [header, claims] = parts(await adminToken(fixture));
    expect(await fixture.auth.tokens.verify(signedByServer(fixture, header, claims))).toMatchObject(
      {
        username: 'root',
      },
    );
    const { exp: _exp, ...endless } = claims;
    const { jti: _jti, ...nameless } = claims;
    const variants = [
      endless,
      nameless,
      { ...claims, iss: 'somebody' },
      { ...claims, sub: 'nobody' },
      { ...claims, sub: 7 },
      { ...claims, roles: ['root'] },
      { ...claims, roles: 'admin' },
      { ...claims, roles: undefined },
      { ...claims, aud: 'another' },
      { ...claims, gen: 0 },
      { ...claims, gen: undefined },
    ];
    for (const each of variants) {
      const token = signedByServer(fixture, header, each);
      expect(await fixture.auth.tokens.verify(token)).toHaveProperty('refused');
    }
    const typed = signedByServer(fixture, { ...header, typ: 'at+jwt' }, claims);
    expect(await fixture.auth.tokens.verify(typed)).toHaveProperty('refused');
  });

  test('X-10: whose date does not fit are refused with both times, so that a clock is not taken for a bad token', async () => {
    const fixture = await openFixture();
    const [header, claims] = parts(await adminToken(fixture));
    const later = signedByServer(fixture, header, { ...claims, nbf: claims.exp });
    const here = `the server's clock shows ${new Date(fixture.clock.now()).toISOString()}`;
    const date = new Date(Number(claims.exp) * 1000).toISOString();
    const why = `issued in the future: it is valid from ${date} on, ${here}; one of the clocks is wrong`;
    expect(await fixture.auth.tokens.verify(later)).toEqual({ refused: why, told: why });
    const early = signedByServer(fixture, header, claims);
    fixture.clock.step(86_400_000);
    const then = `the server's clock shows ${new Date(fixture.clock.now()).toISOString()}`;
    expect(await fixture.auth.tokens.verify(early)).toEqual({
      refused: 'expired',
      told: `expired at ${date}, ${then}`,
    });
  });

  test('X-10: stay revoked when the clock is set forward and back again', async () => {
    const fixture = await openFixture();
    const token = await adminToken(fixture);
    const identity = await fixture.auth.tokens.verify(token);
    if ('refused' in identity) throw new Error(identity.refused);
    await fixture.auth.logout({ access: identity, refreshToken: undefined });
    fixture.clock.step(86_400_000);
    await fixture.auth.login({ username: 'root', password: PASSWORD }, HERE);
    fixture.clock.step(-86_400_000);
    expect(await fixture.auth.tokens.verify(token)).toEqual({ refused: 'revoked' });
  });

  test('never make a refusal of garbage an exception', async () => {
    const { auth } = await openFixture();
    for (const text of [
      '',
      '.',
      '..',
      'a.b.c',
      'x'.repeat(100_000),
      `${encode({})}.${encode({})}.`,
    ]) {
      expect(await auth.tokens.verify(text)).toEqual({ refused: expect.any(String) });
    }
  });

  test('allow no more than both the token and the register of users say', async () => {
    const fixture = await openFixture();
    const [header, claims] = parts(await adminToken(fixture));
    const wider = { ...claims, roles: ['admin', 'coordinator', 'participant'] };
    const token = signedByServer(fixture, header, wider);
    expect(await fixture.auth.tokens.verify(token)).toMatchObject({ roles: ['admin'] });
  });

  test('are void once their user is disabled or changed', async () => {
    const fixture = await openFixture();
    await setUpAdmin(fixture);
    const { auth } = fixture;
    await auth.createUser({ username: 'ann', roles: ['participant'] }, 'root');
    const issue = async () =>
      (await auth.issueToken({ username: 'ann', lifetime: 3_600_000, actor: 'root' })).token;
    const first = await issue();
    expect(await auth.tokens.verify(first)).toMatchObject({ roles: ['participant'] });
    await auth.patchUser('ann', { roles: ['coordinator'] }, 'root');
    expect(await auth.tokens.verify(first)).toEqual({ refused: 'revoked' });
    const second = await issue();
    await auth.patchUser('ann', { state: 'disabled' }, 'root');
    expect(await auth.tokens.verify(second)).toEqual({ refused: 'user unknown or disabled' });
    await expect(issue()).rejects.toMatchObject({ code: 'unknown_user' });
  });

  test('can be voided one by one', async () => {
    const fixture = await openFixture();
    await setUpAdmin(fixture);
    const { auth } = fixture;
    const request = { username: 'root', lifetime: 3_600_000, actor: 'root' };
    const [first, second] = [await auth.issueToken(request), await auth.issueToken(request)];
    await auth.revokeToken({ username: 'root', tokenId: first.tokenId, actor: 'root' });
    expect(await auth.tokens.verify(first.token)).toEqual({ refused: 'revoked' });
    expect(await auth.tokens.verify(second.token)).toMatchObject({ username: 'root' });
  });
});

describe('token keys', () => {
  test('of ES256 and HS256 work when configured, and only for their own algorithm', async () => {
    const secretFile = join(temporaryDirectory(), 'hs.secret');
    const secret = 'Zq7wR2nX9pLk4VtB8mYc3JdHs6GfAe1U';
    writeFileSync(secretFile, `${secret}\n`, { mode: 0o600 });
    const es = join(temporaryDirectory(), 'es.pem');
    const configured = [
      { algorithm: 'ES256', keyFile: es },
      { algorithm: 'HS256', keyFile: secretFile },
    ] as const;
    for (const keys of configured) {
      const fixture = await openFixture({ keys });
      const token = await adminToken(fixture);
      const [header, claims] = parts(token);
      expect(header.alg).toBe(keys.algorithm);
      expect(await fixture.auth.tokens.verify(token)).toMatchObject({ username: 'root' });
      const none = `${encode({ ...header, alg: 'none' })}.${encode(claims)}.`;
      expect(await fixture.auth.tokens.verify(none)).toEqual({ refused: expect.any(String) });
    }
    const fixture = await openFixture({ keys: configured[1] });
    const [header, claims] = parts(await adminToken(fixture));
    const input = `${encode({ ...header, alg: 'HS512' })}.${encode(claims)}`;
    const hs512 = `${input}.${createHmac('sha512', secret).update(input).digest('base64url')}`;
    expect(await fixture.auth.tokens.verify(hs512)).toEqual({ refused: expect.any(String) });
  });

  test('1.9.12 refuse placeholder and weak HS256 secrets', async () => {
    const weak = [
      'secret',
      'your-jwt-secret-your-jwt-secret-1234',
      'a'.repeat(64),
      'changeme'.repeat(5),
    ];
    weak.push('', 'Zq7wR2nX9pLk4VtB8mYc3JdHs6GfAe1');
    for (const content of weak) {
      const keyFile = join(temporaryDirectory(), 'hs.secret');
      writeFileSync(keyFile, content, { mode: 0o600 });
      await expect(loadTokenKeys({ algorithm: 'HS256', keyFile })).rejects.toThrow(KeyFileError);
    }
    const keyFile = join(temporaryDirectory(), 'missing');
    await expect(loadTokenKeys({ algorithm: 'HS256', keyFile })).rejects.toThrow(KeyFileError);
  });

  test('of a JWKS file that holds a private key, a shared secret or no issuer are refused', async () => {
    const pair = generateKeyPairSync('ed25519');
    const publicJwk = pair.publicKey.export({ format: 'jwk' });
    const load = (keys: object[], issuer = 'idp', audience = 'quorate') => {
      const directory = temporaryDirectory();
      const file = join(directory, 'jwks.json');
      writeFileSync(file, JSON.stringify({ keys }));
      const jwks = { file, issuer, audience };
      return loadTokenKeys({ keyFile: join(directory, 'jwt.pem'), jwks });
    };
    await expect(load([publicJwk])).resolves.toBeDefined();
    await expect(load([publicJwk], '')).rejects.toThrow(KeyFileError);
    await expect(load([publicJwk], 'quorate')).rejects.toThrow(KeyFileError);
    await expect(load([publicJwk], 'idp', '')).rejects.toThrow(KeyFileError);
    await expect(load([pair.privateKey.export({ format: 'jwk' })])).rejects.toThrow(KeyFileError);
    await expect(load([{ kty: 'oct', k: 'AAAA' }])).rejects.toThrow(KeyFileError);
    await expect(load([publicJwk, publicJwk])).rejects.toThrow(KeyFileError);
    await expect(load([])).rejects.toThrow(KeyFileError);
  });
});
