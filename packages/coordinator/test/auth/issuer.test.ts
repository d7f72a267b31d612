import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { IssuerTerms } from '../../src/auth/issuerTerms.ts';
import type { Identity, Refused } from '../../src/auth/index.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { openFixture, setUpAdmin, START } from './support.ts';

const pair = generateKeyPairSync('ed25519');
const NOW = START / 1000;
const HEADER = { alg: 'EdDSA', kid: 'idp', typ: 'at+jwt' };
const CLAIMS = {
  iss: 'https://login.example.org',
  aud: 'https://quorate.example.org',
  sub: 'root',
  roles: ['admin'],
  iat: NOW,
  exp: NOW + 600,
};

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(claims: object = {}, header: object = {}): string {
  const input = `${encode({ ...HEADER, ...header })}.${encode({ ...CLAIMS, ...claims })}`;
  return `${input}.${sign(null, Buffer.from(input), pair.privateKey).toString('base64url')}`;
}

type Verify = (claims?: object, header?: object) => Promise<Identity | Refused>;

/** A register with the administrator root, for whom another issuer makes tokens. */
async function open(terms: Partial<IssuerTerms> = {}): Promise<Verify> {
  const directory = temporaryDirectory();
  const file = join(directory, 'jwks.json');
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'idp' };
  writeFileSync(file, JSON.stringify({ keys: [jwk] }));
  const jwks = { file, issuer: CLAIMS.iss, audience: CLAIMS.aud, ...terms };
  const fixture = await openFixture({ keys: { keyFile: join(directory, 'jwt.pem'), jwks } });
  await setUpAdmin(fixture);
  return (claims, header) => fixture.auth.tokens.verify(token(claims, header));
}

describe('tokens of another issuer', () => {
  test('Y-6: speak for a user of the register with the roles that both give', async () => {
    const verify = await open();
    expect(await verify()).toEqual({
      username: 'root',
      roles: ['admin'],
      expiresAt: START + 630_000,
      tokenId: expect.any(String),
    });
    const more = { roles: ['offline_access', 'auditor', 'admin', 7], aud: ['wiki', CLAIMS.aud] };
    expect(await verify(more)).toMatchObject({ roles: ['admin'] });
    expect(await verify({ roles: ['auditor'] })).toMatchObject({ roles: [] });
  });

  test('Y-6: have no role when they name none', async () => {
    const verify = await open();
    for (const roles of [undefined, 'admin', null, { admin: true }, []]) {
      expect(await verify({ roles })).toMatchObject({ username: 'root', roles: [] });
    }
  });

  test('Y-6: name their roles in the configured claim only', async () => {
    const verify = await open({ rolesClaim: 'groups' });
    expect(await verify({ groups: ['admin'], roles: undefined })).toMatchObject({
      roles: ['admin'],
    });
    expect(await verify({ roles: ['admin'] })).toMatchObject({ roles: [] });
  });

  test.each([
    ['for another audience', { aud: 'wiki' }, 'not valid: aud'],
    ['for no audience', { aud: undefined }, 'not valid: aud'],
    ['of another issuer', { iss: 'quorate' }, 'not valid: iss'],
    ['without a time of issue', { iat: undefined }, 'iat and exp are needed'],
    ['without an expiry', { exp: undefined }, 'not valid: exp'],
    ['that live longer than a day', { exp: NOW + 86_401 }, 'lives 86401 s, at most 86400 s'],
    ['that expire before they are issued', { iat: NOW + 20, exp: NOW + 10 }, 'lives -10 s'],
    ['that are ID tokens', { at_hash: 'x' }, 'an access token has no at_hash'],
    ['that are logout tokens', { events: {} }, 'an access token has no events'],
    ['issued too far in the future', { iat: NOW + 31 }, 'clock'],
    ['not valid yet', { nbf: NOW + 31 }, 'clock'],
    ['expired', { exp: NOW - 31, iat: NOW - 60 }, 'expired'],
  ])('Y-6: %s are refused and told why', async (_, claims, told) => {
    const verify = await open();
    expect(await verify(claims)).toMatchObject({ told: expect.stringContaining(told) });
  });

  test('W-10: a clock that is off by less than the tolerance costs nothing', async () => {
    const verify = await open();
    for (const claims of [
      { nbf: NOW + 2, iat: NOW + 2 },
      { iat: NOW - 60, exp: NOW - 29 },
    ]) {
      expect(await verify(claims)).toMatchObject({ username: 'root' });
    }
    const strict = await open({ clockTolerance: 0 });
    expect(await strict({ nbf: NOW + 2 })).toMatchObject({
      told: expect.stringContaining('clock'),
    });
  });

  test('Y-6: are of a type of access tokens: at+jwt, or JWT where it is configured', async () => {
    const byRfc = await open();
    const general = await open({ type: 'JWT' });
    for (const [typ, strictly, generally] of [
      ['at+jwt', true, true],
      ['application/AT+JWT', true, true],
      ['JWT', false, true],
      [undefined, false, true],
      ['logout+jwt', false, false],
      ['id_token+jwt', false, false],
      ['dpop+jwt', false, false],
    ] as const) {
      const taken = [
        'username' in (await byRfc({}, { typ })),
        'username' in (await general({}, { typ })),
      ];
      expect([typ, ...taken]).toEqual([typ, strictly, generally]);
    }
  });

  test('Y-6: a refused signature, key or algorithm is not explained', async () => {
    const verify = await open();
    for (const header of [{ kid: undefined }, { kid: 'other' }, { alg: 'ES256' }]) {
      expect(await verify({}, header)).toEqual({ refused: 'unknown key or algorithm' });
    }
    expect(await verify({ sub: 'nobody' })).toEqual({ refused: 'user unknown or disabled' });
  });
});
