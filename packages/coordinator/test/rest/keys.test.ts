import { KeyAnswer, KeyList } from '@quorate/wire';
import { describe, expect, test } from 'vitest';
import { insertKey, stageShard } from '../../src/keys/index.ts';
import { START } from '../auth/support.ts';
import { openRest, type RestFixture } from './support.ts';

const ADDRESS = '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf';
const PUBLIC_KEY = '0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
const SHARD = 'U0VDUkVULVNIQVJE'.repeat(8);
const KEY_ID = 'dd'.repeat(32);
const RECORD = 'ee'.repeat(32);

/** Stores a key of two holders the way a finished key generation leaves it. */
async function storeKey({ database }: RestFixture): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.run(
      `INSERT INTO sessions (session_key, kind, state, coordinator, request_hash, threshold,
         total_parts, address, ended, created_at, updated_at)
       VALUES ('keygen-1', 'keygen', 'completed', 'coordinator', 'x', 2, 2, ?, 1, ?, ?)`,
      [ADDRESS, START, START],
    );
    for (const [index, username] of ['participant', 'carol'].entries()) {
      await tx.run(
        `INSERT INTO chips (se_id, username, cpic, public_key, label, state, registered_at, updated_at)
         VALUES (?, ?, ?, ?, 'card', 'active', ?, ?)`,
        [
          `se-${index}`,
          username,
          `${index}`.repeat(84),
          `04${`${index}`.repeat(128)}`,
          START,
          START,
        ],
      );
      const shard = {
        key_id: KEY_ID,
        epoch: 0,
        part_index: index + 1,
        username,
        se_id: `se-${index}`,
        cpic: 'aa',
        chip_public_key: 'bb',
        record_id: RECORD,
        ciphertext: SHARD,
      };
      await stageShard(tx, shard, 'session:keygen-1');
    }
    await insertKey(tx, {
      keyId: KEY_ID,
      algorithm: 'ecdsa-secp256k1',
      address: ADDRESS,
      publicKey: PUBLIC_KEY,
      sessionKey: 'keygen-1',
      creator: 'coordinator',
      threshold: 2,
      totalParts: 2,
      at: START,
    });
  });
}

describe('keys over REST', () => {
  test('1.9.16 show holders and chips, and no part of a shard', async () => {
    const fixture = await openRest();
    await storeKey(fixture);
    for (const username of ['root', 'auditor', 'coordinator', 'participant']) {
      const list = await fixture.call(username, 'GET', '/api/v1/keys');
      expect(KeyList.parse(list.body).keys).toMatchObject([{ address: ADDRESS, threshold: 2 }]);
      const url = `/api/v1/keys/${ADDRESS.toLowerCase().replace('0X', '0x')}`;
      const details = await fixture.call(username, 'GET', url);
      expect(KeyAnswer.parse(details.body)).toMatchObject({
        address: ADDRESS,
        holders: [
          { part_index: 1, username: 'participant', chip_label: 'card' },
          { part_index: 2, username: 'carol' },
        ],
        grants: [],
      });
      for (const secret of [SHARD, RECORD, 'encrypted']) {
        expect(list.text + details.text).not.toContain(secret);
      }
    }
  });

  test('are hidden from those whom they do not concern', async () => {
    const fixture = await openRest();
    await storeKey(fixture);
    const outsider = '用户2';
    expect((await fixture.call(outsider, 'GET', '/api/v1/keys')).body).toEqual({ keys: [] });
    const hidden = await fixture.call(outsider, 'GET', `/api/v1/keys/${ADDRESS}`);
    const missing = await fixture.call(outsider, 'GET', `/api/v1/keys/0x${'11'.repeat(20)}`);
    expect(hidden).toMatchObject({ status: 404, body: { code: 'unknown_key' } });
    expect(hidden.text).toBe(missing.text);
  });

  test('are granted and taken back by administrators, audited', async () => {
    const fixture = await openRest();
    await storeKey(fixture);
    const { call, auth, audit } = fixture;
    await auth.createUser({ username: 'second', roles: ['coordinator'] }, 'root');
    const url = `/api/v1/keys/${ADDRESS}/grants`;
    expect(await call('root', 'POST', url, { username: 'second' })).toMatchObject({ status: 201 });
    expect((await call('second', 'GET', `/api/v1/keys/${ADDRESS}`)).body.grants).toEqual([
      'second',
    ]);
    expect(await call('root', 'POST', url, { username: 'nobody' })).toMatchObject({
      status: 404,
      body: { code: 'unknown_user' },
    });
    const other = `/api/v1/keys/0x${'11'.repeat(20)}/grants`;
    expect(await call('root', 'POST', other, { username: 'second' })).toMatchObject({
      status: 404,
      body: { code: 'unknown_key' },
    });
    expect(await call('root', 'DELETE', `${url}/second`)).toMatchObject({ status: 200 });
    expect(await call('root', 'DELETE', `${url}/second`)).toMatchObject({ status: 200 });
    expect(await call('root', 'DELETE', `${other}/second`)).toMatchObject({ status: 404 });
    expect(await call('second', 'GET', `/api/v1/keys/${ADDRESS}`)).toMatchObject({ status: 404 });
    const seen = await audit.list({ subject: ADDRESS, limit: 10 });
    expect(seen.map(({ actor, action }) => `${actor} ${action}`)).toEqual([
      'root key.revoke',
      'root key.grant',
    ]);
  });

  test('are named by key_id as well as by address, wherever a path names one', async () => {
    const fixture = await openRest();
    await storeKey(fixture);
    const { call, auth } = fixture;
    await auth.createUser({ username: 'second', roles: ['coordinator'] }, 'root');
    const [key] = KeyList.parse((await call('root', 'GET', '/api/v1/keys')).body).keys;
    expect(key).toMatchObject({ key_id: KEY_ID, algorithm: 'ecdsa-secp256k1' });
    const url = `/api/v1/keys/${KEY_ID}`;
    const byAddress = await call('root', 'GET', `/api/v1/keys/${ADDRESS}`);
    expect((await call('root', 'GET', url)).body).toEqual(byAddress.body);
    const body = { username: 'second' };
    expect(await call('root', 'POST', `${url}/grants`, body)).toMatchObject({ status: 201 });
    expect(await call('second', 'GET', url)).toMatchObject({ body: { grants: ['second'] } });
    expect(await call('root', 'DELETE', `${url}/grants/second`)).toMatchObject({ status: 200 });
    expect(await call('second', 'GET', url)).toMatchObject({ status: 404 });
    for (const name of ['00'.repeat(32), `0x${'11'.repeat(20)}`]) {
      expect(await call('root', 'GET', `/api/v1/keys/${name}`)).toMatchObject({
        status: 404,
        body: { code: 'unknown_key' },
      });
    }
    expect(await call('root', 'GET', `/api/v1/keys/${KEY_ID.slice(1)}`)).toMatchObject({
      status: 400,
    });
  });
});
