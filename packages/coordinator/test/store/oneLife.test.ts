// The store of the version before the eleventh, opened by this one.
import { randomBytes } from 'node:crypto';
import { fromHex } from '@quorate/intent';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ciphertextHash, findKey, sealedShardOf, shardsOf } from '../../src/keys/index.ts';
import type { Database } from '../../src/store/database.ts';
import { loadDriver } from '../../src/store/driver.ts';
import { migrations } from '../../src/store/migrations.ts';
import { openDatabase } from '../../src/store/sqlite.ts';
import {
  acceptAll,
  destroyRequest,
  runRounds,
  sendSignatures,
  signRequest,
} from '../support/ceremony.ts';
import type { MadeKey } from '../support/ceremony.ts';
import { timesStored } from '../support/files.ts';
import { Participant, plainKey } from '../support/participant.ts';
import type { Received } from '../support/socket.ts';
import type { World } from '../support/world.ts';
import { CIPHERTEXTS, OLD, type OldKey, openOldWorld, restore } from './version10/restore.ts';

/** Deletes a row as a program does that does not erase: its bytes stay in a free page. */
async function leaveBehind(file: string, text: string): Promise<void> {
  const connect = await loadDriver();
  const database = connect(file, { readOnly: false });
  database.exec('PRAGMA secure_delete = OFF');
  database.prepare("INSERT INTO properties (name, content) VALUES ('free', ?)").run(text);
  database.exec("DELETE FROM properties WHERE name = 'free'");
  database.close();
}

describe('Z-15: a store of an older version', () => {
  test('holds every ciphertext that is in use once, and none of the others any more', async () => {
    const { file } = await restore();
    // A middle part of the text, since a long row does not stand in one piece.
    const part = (ciphertext: string): string => ciphertext.slice(600, 680);
    const before = CIPHERTEXTS.kept.map((ciphertext) => timesStored(file, part(ciphertext)));
    expect(Math.max(...before)).toBeGreaterThan(1);
    const deleted = randomBytes(3000).toString('hex');
    await leaveBehind(file, deleted);
    expect(timesStored(file, deleted.slice(0, 60))).toBeGreaterThan(0);
    const store = await openDatabase(file);
    onTestFinished(() => store.close());
    const counts = (list: readonly string[]) => list.map((each) => timesStored(file, part(each)));
    expect(counts(CIPHERTEXTS.kept)).toEqual(CIPHERTEXTS.kept.map(() => 1));
    expect(counts(CIPHERTEXTS.gone)).toEqual(CIPHERTEXTS.gone.map(() => 0));
    expect(timesStored(file, deleted.slice(0, 60))).toBe(0);
    const events = await store.read((tx) =>
      tx.all<{ event: string }>('SELECT event FROM session_events'),
    );
    const all = events.map(({ event }) => event).join('\n');
    for (const ciphertext of CIPHERTEXTS.kept.slice(0, 3)) {
      expect(all).toContain(ciphertextHash(ciphertext));
    }
    expect(all).not.toContain('"shard":');
  });

  test('is converted as a whole or not at all, and the rest is made up for at the next start', async () => {
    const { file } = await restore();
    const old = await openDatabase(file, migrations.slice(0, 10));
    const newest = (store: Database) =>
      store.read((tx) => tx.get('SELECT MAX(version) AS version FROM schema_versions'));
    const event = 'WHERE session_key = ? AND number = 0';
    const half = [OLD.half.sessionKey];
    const kept = await old.read((tx) =>
      tx.get<{ event: string }>(`SELECT event FROM session_events ${event}`, half),
    );
    await old.transaction((tx) => tx.run(`UPDATE session_events SET event = '{' ${event}`, half));
    await old.close();
    await expect(openDatabase(file)).rejects.toThrow(SyntaxError);
    const still = await openDatabase(file, migrations.slice(0, 10));
    expect(await newest(still)).toEqual({ version: 10 });
    expect(await still.read((tx) => tx.all('SELECT 1 FROM key_records'))).toHaveLength(3);
    await still.transaction((tx) =>
      tx.run(`UPDATE session_events SET event = ? ${event}`, [kept!.event, ...half]),
    );
    await still.close();
    // As a process leaves it that ends before the file is written anew.
    await (await openDatabase(file, migrations.slice(0, 11))).close();
    const store = await openDatabase(file);
    onTestFinished(() => store.close());
    expect(await newest(store)).toEqual({ version: migrations.length });
    expect(await store.read((tx) => tx.all('PRAGMA foreign_key_check'))).toEqual([]);
    for (const ciphertext of CIPHERTEXTS.gone) {
      expect(timesStored(file, ciphertext.slice(600, 680))).toBe(0);
    }
  });

  test('has every key, shard, grant and orphan in its place', async () => {
    const { file } = await restore();
    const store = await openDatabase(file);
    onTestFinished(() => store.close());
    const { used, gone, moved } = OLD.keys;
    const { shards, sealed, states, grants, orphans, sessions } = await store.read(async (tx) => ({
      shards: await tx.all<{
        key_id: string;
        se_id: string;
        state: string;
        staged_by: string;
        retired_by: string;
      }>(
        'SELECT key_id, se_id, state, staged_by, retired_by FROM shards ORDER BY key_id, part_index, state',
      ),
      sealed: await sealedShardOf(tx, { keyId: moved.keyId, partIndex: 2 }),
      states: [
        (await findKey(tx, used.keyId))?.state,
        (await findKey(tx, gone.keyId))?.state,
        (await shardsOf(tx, { key_id: gone.keyId, epoch: 0 })).map(({ record }) => record),
      ],
      grants: await tx.all('SELECT key_id, username FROM grants'),
      orphans: await tx.all('SELECT record_id, username FROM orphans'),
      sessions: await tx.all<{ kind: string; key_id: string | null }>(
        'SELECT kind, key_id FROM sessions',
      ),
    }));
    const of = (keyId: string): string[] =>
      shards
        .filter(({ key_id }) => key_id === keyId)
        .map(({ se_id, state }) => `${se_id} ${state}`);
    expect(of(used.keyId)).toEqual(['SE-alice current', 'SE-bob current', 'SE-carol current']);
    expect(of(gone.keyId)).toEqual(['SE-alice deleted', 'SE-bob deleted']);
    expect(of(moved.keyId)).toEqual([
      'SE-carol current',
      'SE-dave-2 current',
      'SE-dave deleted',
      'SE-erin current',
      'SE-erin-2 staged',
    ]);
    expect(of(OLD.half.keyId)).toEqual(['SE-alice staged']);
    const { finished, open } = OLD.replacements;
    const by = (seId: string) =>
      shards.find((each) => each.se_id === seId && each.key_id === moved.keyId);
    expect(by('SE-dave-2')?.staged_by).toBe(`replacement:${finished.id}`);
    expect(by('SE-dave')?.retired_by).toBe(`replacement:${finished.id}`);
    expect(by('SE-erin-2')?.staged_by).toBe(`replacement:${open.id}`);
    expect(sealed?.ciphertext).toBe(finished.ciphertext);
    expect(states).toEqual(['active', 'destroyed', ['deleted', 'deleted']]);
    expect(grants.map((row) => ({ ...row }))).toEqual([{ key_id: used.keyId, username: 'other' }]);
    expect(orphans.map((row) => ({ ...row }))).toEqual([
      { record_id: OLD.failed.recordId, username: 'alice' },
    ]);
    expect(sessions.filter(({ kind }) => kind !== 'keygen').map(({ key_id }) => key_id)).toEqual([
      used.keyId,
      gone.keyId,
    ]);
    expect(sessions.filter(({ key_id }) => key_id === null)).toHaveLength(2);
  });
});

describe('a server over a store of an older version', () => {
  let world: World;
  beforeAll(async () => {
    world = await openOldWorld();
  });
  afterAll(() => world.end());

  const keyOf = (old: OldKey): MadeKey => ({
    secret: fromHex(old.secret),
    publicKey: old.publicKey,
    address: old.address,
    threshold: old.threshold,
    keyId: fromHex(old.keyId),
    openers: new Map(),
    holders: old.holders.map((name, at) => ({ index: at + 1, person: world.person(name) })),
  });

  test('signs with its keys, also with a shard that had moved to another chip', async () => {
    const coordinator = await world.connect('coordinator', 'coordinator');
    const key = keyOf(OLD.keys.moved);
    const names = ['carol', 'dave'];
    const participants = await Promise.all(names.map((name) => Participant.connect(world, name)));
    const request = signRequest(key, names, OLD.digest);
    coordinator.send(request);
    const params = await acceptAll(participants, 'sign', key, String(request['session_key']));
    const { finished } = OLD.replacements;
    expect(params.map((own) => own['encrypted_shard'])).toEqual([
      OLD.keys.moved.ciphertexts['carol'],
      finished.ciphertext,
    ]);
    const openers = [OLD.keys.moved.openers['carol']!, finished.opener];
    for (const [at, participant] of participants.entries()) {
      expect(Buffer.from(await participant.release(params[at]!)).toString('hex')).toBe(openers[at]);
    }
    await runRounds(participants, params, 3);
    const signature = sendSignatures(key, participants, params, OLD.digest);
    const ours = ({ session_key }: Received) => session_key === request['session_key'];
    const complete = await coordinator.next('sign_complete', ours);
    expect(complete).toMatchObject({ success: true, signature });
    for (const { socket } of participants) await socket.close();
    await coordinator.close();
  });

  test('shows them as before, by address and by key_id', async () => {
    const { used, gone } = OLD.keys;
    const { body } = await world.rest('GET', `/keys/${used.address}`);
    expect(body).toMatchObject({
      address: used.address,
      key_id: used.keyId,
      algorithm: 'ecdsa-secp256k1',
      public_key: used.publicKey,
      epoch: 0,
      state: 'active',
      grants: ['other'],
      holders: used.holders.map((username, at) => ({
        part_index: at + 1,
        username,
        record_state: 'held',
      })),
    });
    expect((await world.rest('GET', `/keys/${used.keyId}`)).body).toEqual(body);
    const destroyed = await world.rest('GET', `/keys/${gone.keyId}`);
    expect(destroyed.body).toMatchObject({
      state: 'destroyed',
      holders: [{ record_state: 'deleted' }, { record_state: 'deleted' }],
    });
    const { id } = OLD.replacements.finished;
    expect((await world.rest('GET', `/chips/replacements/${id}`)).body).toMatchObject({
      state: 'completed',
      shards: [{ address: OLD.keys.moved.address, state: 'deleted' }],
    });
  });

  test('finishes a key generation that had one of its results', async () => {
    const { sessionKey, secret, params } = OLD.half;
    const bob = await Participant.connect(world, 'bob');
    const key = plainKey(fromHex(secret));
    await bob.store(params, key);
    bob.socket.send(bob.keygenResult(params, key));
    await bob.socket.next('keygen_complete', ({ session_key }) => session_key === sessionKey);
    const { body } = await world.rest('GET', `/keys/${OLD.half.keyId}`);
    expect(body).toMatchObject({ address: key.address, state: 'active' });
    await bob.socket.close();
  });

  test('finishes a replacement that had sealed its shard, and no byte of the old one is left', async () => {
    const { id, ciphertext } = OLD.replacements.open;
    const file = `${world.directory}/data/quorate.db`;
    const old = OLD.keys.moved.ciphertexts['erin']!.slice(600, 680);
    expect(timesStored(file, old)).toBe(1);
    const shown = await world.rest('GET', `/chips/replacements/${id}`, undefined, 'erin');
    expect(shown.body).toMatchObject({
      state: 'approved',
      shards: [{ state: 'sealed', sealed_hash: ciphertextHash(ciphertext) }],
    });
    const done = await world.rest('POST', `/chips/replacements/${id}/switch`, {}, 'erin');
    expect(done.body).toMatchObject({ state: 'switched', shards: [{ state: 'moved' }] });
    // The log is emptied behind the answer.
    await expect.poll(() => timesStored(file, old)).toBe(0);
    expect(timesStored(file, ciphertext.slice(600, 680))).toBe(1);
  });

  test('asks for the deletion of the record that a failed key generation left', async () => {
    const alice = await Participant.connect(world, 'alice');
    const notice = await alice.socket.next('orphan_notice');
    expect(notice).toMatchObject({
      session_key: OLD.failed.sessionKey,
      record_id: OLD.failed.recordId,
    });
    await alice.socket.close();
  });

  test('destroys a key and keeps no ciphertext of it', async () => {
    const coordinator = await world.connect('coordinator', 'coordinator');
    const key = keyOf(OLD.keys.used);
    const names = [...OLD.keys.used.holders];
    const participants = await Promise.all(names.map((name) => Participant.connect(world, name)));
    const request = destroyRequest(key, names);
    coordinator.send(request);
    await acceptAll(participants, 'destroy', key, String(request['session_key']));
    const file = `${world.directory}/data/quorate.db`;
    for (const ciphertext of Object.values(OLD.keys.used.ciphertexts)) {
      await expect.poll(() => timesStored(file, ciphertext.slice(600, 680))).toBe(0);
    }
  });
});
