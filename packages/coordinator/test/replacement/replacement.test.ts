import { createHash } from 'node:crypto';
import {
  authorisationMessage,
  chipFingerprint,
  decodeCertificate,
  fromBase64,
  fromHex,
  parseAddress,
  sessionHash,
  shortFingerprint,
  verifyP256,
} from '@quorate/intent';
import { describe, expect, test } from 'vitest';
import { beginDestruction, insertKey, noteReceipt, stageShard } from '../../src/keys/index.ts';
import { testChip } from '../chips/support.ts';
import { ADDRESS, codeOf, KEY_ID, openReplacementWorld, type ReplacementWorld } from './world.ts';

const SEALED = Buffer.from('sealed for the new chip').toString('base64');
const SEALED_HASH = new Uint8Array(createHash('sha256').update('sealed for the new chip').digest());

const fingerprintOf = (publicKey: string): string =>
  shortFingerprint(chipFingerprint(fromHex(publicKey)));

async function requested(): Promise<ReplacementWorld & { id: string }> {
  const world = await openReplacementWorld();
  const { id } = await world.replacements.request(await world.order());
  return { ...world, id };
}

async function approved(): Promise<ReplacementWorld & { id: string }> {
  const world = await requested();
  await world.replacements.approve(world.id, fingerprintOf(world.fresh.publicKey), 'root');
  return world;
}

const seal = ({ certificate, replacements, id }: ReplacementWorld & { id: string }) =>
  replacements.seal(
    id,
    {
      key: ADDRESS,
      encryptedShard: SEALED,
      certificate: certificate(id, 'seal', { shardHash: SEALED_HASH }),
    },
    'bob',
  );

async function switched(): Promise<ReplacementWorld & { id: string }> {
  const world = await approved();
  await seal(world);
  await world.replacements.switch(world.id, 'bob');
  return world;
}

describe('a request for a new chip', () => {
  test('needs both chips over exactly this request: a password alone moves nothing', async () => {
    const { replacements, order, old, fresh } = await openReplacementWorld();
    const other = testChip();
    const wrong = [
      await order({ oldProof: other.prove('00'.repeat(32)) }),
      await order({ newProof: other.prove('00'.repeat(32)) }),
      await order({}, { seId: 'another' }),
      await order({}, { username: 'ann' }),
      await order({}, { retire: 'disabled' }),
      await order({ kind: 'pcsc' }),
      await order({}, { publicKey: other.publicKey }),
      await order({}, { nonce: '00'.repeat(32) }),
    ];
    // The proof of a registration, over the bare nonce, is none of a replacement.
    const plain = await order();
    wrong.push({ ...plain, oldProof: old.prove(plain.nonce), newProof: fresh.prove(plain.nonce) });
    for (const each of wrong)
      expect(await codeOf(replacements.request(each))).toBe('invalid_proof');
    const spent = await order();
    expect(await codeOf(replacements.request({ ...spent, oldProof: 'AAAA' }))).toBe(
      'invalid_proof',
    );
    expect(await codeOf(replacements.request(spent))).toBe('invalid_challenge');
    expect(await codeOf(replacements.request(await order()))).toBe('ok');
  });

  test('is one at a time, of the active chip; a lost chip cannot be replaced', async () => {
    const { replacements, order, chips, identity } = await openReplacementWorld();
    await chips.change('old', { state: 'lost' }, 'root');
    expect(await codeOf(replacements.request(await order()))).toBe('chip_unavailable');
    await chips.change('old', { state: 'active' }, 'root');
    const { id } = await replacements.request(await order());
    expect(await codeOf(replacements.request(await order()))).toBe('replacement_conflict');
    await replacements.cancel(id, identity('bob'));
    const other = { kind: 'pkcs11' } as const;
    const again = await replacements.request(await order(other, other));
    expect(again.newChip).toMatchObject({ seId: 'new', kind: 'pkcs11' });
  });

  test('1.9.14 takes no chip that is somebody’s, is in use, or held a shard', async () => {
    const { replacements, order, chips, fresh, old } = await openReplacementWorld();
    const { nonce } = await chips.challenge('ann');
    const { cpic, publicKey } = fresh;
    const proof = fresh.prove(nonce);
    const own = { username: 'ann', seId: 'ann-1', cpic, publicKey, nonce, proof, label: '' };
    await chips.register(own, 'ann');
    expect(await codeOf(replacements.request(await order()))).toBe('chip_conflict');
    await chips.change('ann-1', { state: 'disabled' }, 'root');
    const stolen = { seId: 'ann-1' };
    expect(await codeOf(replacements.request(await order(stolen, stolen)))).toBe('chip_conflict');
    const itself = { seId: 'old', cpic: old.cpic, publicKey: old.publicKey };
    expect(await codeOf(replacements.request(await order(itself, itself)))).toBe('invalid_proof');
  });

  test('leaves the old chip active and the new one disabled until the switch', async () => {
    const { chips, database, id } = await approved();
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    const [old, fresh] = await database.read(async (tx) => [
      await chips.find(tx, 'old'),
      await chips.find(tx, 'new'),
    ]);
    expect([old?.state, fresh?.state, fresh?.kind]).toEqual(['active', 'disabled', 'virtual']);
    expect(await codeOf(chips.change('new', { state: 'active' }, 'root'))).toBe('chip_conflict');
  });
});

describe('the approval of a new chip', () => {
  test('is by the fingerprint of the new chip, and by somebody else than the holder', async () => {
    const { replacements, auth, id, old, fresh } = await requested();
    const right = fingerprintOf(fresh.publicKey);
    expect(await codeOf(replacements.approve(id, fingerprintOf(old.publicKey), 'root'))).toBe(
      'chip_mismatch',
    );
    await auth.patchUser('bob', { roles: ['participant', 'admin'] }, 'root');
    expect(await codeOf(replacements.approve(id, right, 'bob'))).toBe('forbidden');
    expect(await replacements.approve(id, right, 'root')).toMatchObject({
      state: 'approved',
      approvedBy: 'root',
    });
    expect(await codeOf(replacements.approve(id, right, 'root'))).toBe('ok');
  });

  test('is the holder’s own where there is no other active administrator', async () => {
    const { replacements, auth, id, fresh } = await requested();
    await auth.patchUser('bob', { roles: ['participant', 'admin'] }, 'root');
    await auth.patchUser('root', { state: 'disabled' }, 'bob');
    expect(await codeOf(replacements.approve(id, fingerprintOf(fresh.publicKey), 'bob'))).toBe(
      'ok',
    );
  });

  test('comes before every step, and no step comes after a cancellation', async () => {
    const world = await requested();
    const { replacements, step, id, identity } = world;
    const codes = async () => [
      await codeOf(replacements.authorise(id, step(id, 'release'), 'bob')),
      await codeOf(replacements.authorise(id, step(id, 'prove'), 'bob')),
      await codeOf(replacements.authorise(id, step(id, 'discard'), 'bob')),
      await codeOf(replacements.authorise(id, step(id, 'delete'), 'bob')),
      await codeOf(seal(world)),
      await codeOf(replacements.switch(id, 'bob')),
    ];
    expect(new Set(await codes())).toEqual(new Set(['replacement_state']));
    expect(await codeOf(replacements.cancel(id, identity('ann')))).toBe('unknown_replacement');
    await replacements.cancel(id, identity('root', ['admin']));
    expect(new Set(await codes())).toEqual(new Set(['replacement_state']));
  });
});

describe('a step of a replacement', () => {
  test('1.9.10 is authorised for one chip, record, session, digest and challenge', async () => {
    const { replacements, chips, step, certificate, id, old, fresh } = await approved();
    for (const name of ['release', 'prove'] as const) {
      const order = step(id, name);
      const { signature, encryptedShard } = await replacements.authorise(id, order, 'bob');
      expect(encryptedShard).toBe(name === 'release' ? 'b2xk' : undefined);
      const chip = fromHex((name === 'release' ? old : fresh).publicKey);
      const { payloadBytes, intentHash } = decodeCertificate(order.certificate);
      const message = (change: object = {}): Uint8Array =>
        authorisationMessage({
          operation: 'read',
          chipPublicKey: chip,
          recordId: fromHex('22'.repeat(32)),
          address: parseAddress(ADDRESS),
          sessionHash: sessionHash(chip, payloadBytes),
          digest: intentHash,
          challenge: fromBase64(order.challenge),
          ...change,
        });
      const verifies = (change?: object): boolean =>
        verifyP256(chips.publicKey, message(change), fromBase64(signature));
      expect(verifies()).toBe(true);
      expect(verifies({ operation: 'delete' })).toBe(false);
      expect(
        verifies({ chipPublicKey: fromHex((name === 'release' ? fresh : old).publicKey) }),
      ).toBe(false);
      const next = decodeCertificate(certificate(id, name)).payloadBytes;
      expect(verifies({ sessionHash: sessionHash(chip, next) })).toBe(false);
    }
  });

  test('takes no certificate of another step, replacement, chip, operation, part, epoch or time', async () => {
    const { replacements, step, certificate, id, fresh, old, clock } = await approved();
    const changes = [
      [{ step: 'prove' }, 'invalid_certificate'],
      [{ step: 'delete' }, 'invalid_certificate'],
      [{ id: 'ff'.repeat(16) }, 'invalid_certificate'],
      [{ chip: fresh }, 'chip_mismatch'],
      [{ chip: testChip() }, 'chip_mismatch'],
      [{ operation: 'sign' }, 'invalid_certificate'],
      [{ operation: 'destroy' }, 'invalid_certificate'],
      [{ partIndex: 1 }, 'invalid_certificate'],
      [{ epoch: 1 }, 'invalid_certificate'],
      [{ newChip: old.publicKey }, 'invalid_certificate'],
      [{ notAfter: clock.now() - 120_000 }, 'invalid_certificate'],
      [{ notAfter: clock.now() + 3_600_000 }, 'invalid_certificate'],
    ] as const;
    for (const [change, code] of changes) {
      const order = step(id, 'release', change);
      expect(await codeOf(replacements.authorise(id, order, 'bob')), JSON.stringify(change)).toBe(
        code,
      );
    }
    const order = step(id, 'release');
    const release = (newCertificate: string | undefined) =>
      codeOf(replacements.authorise(id, { ...order, newCertificate }, 'bob'));
    expect(await release(undefined)).toBe('invalid_certificate');
    expect(await release(order.certificate)).toBe('chip_mismatch');
    expect(await release(certificate(id, 'prove'))).toBe('invalid_certificate');
    expect(await codeOf(replacements.authorise(id, order, 'ann'))).toBe('unknown_replacement');
    const other = { ...order, key: `0x${'00'.repeat(20)}` };
    expect(await codeOf(replacements.authorise(id, other, 'bob'))).toBe('unknown_key');
    expect(await codeOf(replacements.authorise(id, order, 'bob'))).toBe('ok');
  });

  test('ends with the chip that somebody reports lost, on either side', async () => {
    const { replacements, chips, step, id } = await approved();
    const release = () => codeOf(replacements.authorise(id, step(id, 'release'), 'bob'));
    await chips.change('old', { state: 'lost' }, 'root');
    expect(await release()).toBe('chip_unavailable');
    await chips.change('old', { state: 'active' }, 'root');
    await chips.change('new', { state: 'destroyed' }, 'root');
    expect(await release()).toBe('chip_unavailable');
    expect(await codeOf(replacements.switch(id, 'bob'))).toBe('chip_unavailable');
  });

  test('moves no shard of a key whose holders are asked to destroy it', async () => {
    const world = await approved();
    const { replacements, database, step, id } = world;
    await database.transaction((tx) =>
      tx.run(
        `INSERT INTO sessions (session_key, kind, state, coordinator, request_hash, threshold, total_parts,
           address, key_id, ended, created_at, updated_at)
         VALUES ('d', 'destroy', 'inviting', 'carol', 'x', 2, 2, ?, ?, 0, 1, 1)`,
        [ADDRESS, KEY_ID],
      ),
    );
    for (const name of ['release', 'prove'] as const) {
      expect(await codeOf(replacements.authorise(id, step(id, name), 'bob'))).toBe(
        'replacement_busy',
      );
    }
    expect(await codeOf(seal(world))).toBe('replacement_busy');
    await database.transaction((tx) =>
      tx.run('UPDATE sessions SET ended = 1 WHERE address = ?', [ADDRESS]),
    );
    expect(await codeOf(replacements.authorise(id, step(id, 'release'), 'bob'))).toBe('ok');
    expect(await codeOf(seal(world))).toBe('ok');
  });

  test('names its shard by the key_id of its key as well; the log says the address', async () => {
    const { replacements, step, id, audit } = await approved();
    const order = { ...step(id, 'release'), key: KEY_ID };
    expect(await codeOf(replacements.authorise(id, order, 'bob'))).toBe('ok');
    const [entry] = await audit.list({ subject: id, limit: 1 });
    expect(entry).toMatchObject({ action: 'replacement.release', details: { address: ADDRESS } });
  });

  test('E-2 a ciphertext is taken only with the new chip’s word for exactly these bytes', async () => {
    const world = await approved();
    const { replacements, certificate, id, old } = world;
    const give = (change: Parameters<typeof certificate>[2]) =>
      codeOf(
        replacements.seal(
          id,
          {
            key: ADDRESS,
            encryptedShard: SEALED,
            certificate: certificate(id, 'seal', change),
          },
          'bob',
        ),
      );
    expect(await give({})).toBe('invalid_certificate');
    expect(await give({ shardHash: new Uint8Array(32).fill(1) })).toBe('invalid_certificate');
    expect(await give({ shardHash: SEALED_HASH, chip: old })).toBe('chip_mismatch');
    expect(await give({ shardHash: SEALED_HASH })).toBe('ok');
  });
});

describe('the switch', () => {
  test('moves nothing before every shard is sealed; what was discarded is not sealed any more', async () => {
    const world = await approved();
    const { replacements, step, id } = world;
    expect(await codeOf(replacements.switch(id, 'bob'))).toBe('replacement_busy');
    await seal(world);
    await replacements.authorise(id, step(id, 'discard'), 'bob');
    expect(await codeOf(replacements.switch(id, 'bob'))).toBe('replacement_busy');
    await seal(world);
    expect(await codeOf(replacements.switch(id, 'ann'))).toBe('unknown_replacement');
    expect(await codeOf(replacements.switch(id, 'bob'))).toBe('ok');
  });

  test.each([
    [
      'while a session of the holder is open',
      `INSERT INTO sessions (session_key, kind, state, coordinator, request_hash, threshold, total_parts,
         ended, created_at, updated_at) VALUES ('s', 'sign', 'running', 'carol', 'x', 2, 2, 0, 1, 1)`,
      `INSERT INTO session_participants (session_key, part_index, username) VALUES ('s', 2, 'bob')`,
    ],
    [
      'while the old chip holds an orphan',
      `INSERT INTO orphans (record_id, address, session_key, part_index, username, se_id, chip_public_key,
         cpic, reason, reported_at) VALUES ('33', 'a', 'k', 2, 'bob', 'old', 'p', 'c', 'timeout', 1)`,
    ],
    ['while the key is being destroyed', `UPDATE keys SET state = 'destroying'`],
    [
      'after a refresh made the sealed shard an older one',
      'UPDATE keys SET epoch = 1',
      'DELETE FROM ciphertexts',
      `UPDATE shards SET epoch = 1, record_id = '${'44'.repeat(32)}' WHERE state = 'current'`,
    ],
  ])('is not made %s', async (_, ...statements) => {
    const world = await approved();
    await seal(world);
    await world.database.transaction(async (tx) => {
      for (const statement of statements) await tx.run(statement);
    });
    expect(await codeOf(world.replacements.switch(world.id, 'bob'))).toBe('replacement_busy');
  });

  test('is made while a destruction of another key waits for others, once this holder’s receipt is there', async () => {
    const world = await approved();
    await seal(world);
    const other = `0x${'77'.repeat(20)}`;
    await world.database.transaction(async (tx) => {
      await tx.run(
        `INSERT INTO sessions (session_key, kind, state, coordinator, request_hash, threshold, total_parts,
           address, ended, created_at, updated_at)
         VALUES ('d', 'destroy', 'running', 'carol', 'x', 2, 2, ?, 0, 1, 1)`,
        [other],
      );
      await tx.run(
        `INSERT INTO session_participants (session_key, part_index, username) VALUES ('d', 2, 'bob')`,
      );
      const place = { key_id: '77', epoch: 0, part_index: 2, username: 'bob', se_id: 'other' };
      const chip = { cpic: '', chip_public_key: '', record_id: '55', ciphertext: '' };
      await stageShard(tx, { ...place, ...chip }, 'session:d');
      await insertKey(tx, {
        keyId: '77',
        algorithm: 'ecdsa-secp256k1',
        address: other,
        publicKey: 'pub2',
        sessionKey: 'd',
        creator: 'carol',
        threshold: 2,
        totalParts: 1,
        at: 1,
      });
      await beginDestruction(tx, '77');
      await tx.run("UPDATE sessions SET key_id = '77' WHERE session_key = 'd'");
    });
    expect(await codeOf(world.replacements.switch(world.id, 'bob'))).toBe('replacement_busy');
    await world.database.transaction((tx) =>
      noteReceipt(tx, { keyId: '77', partIndex: 2 }, 'receipt'),
    );
    expect(await codeOf(world.replacements.switch(world.id, 'bob'))).toBe('ok');
  });

  test('changes shards and chips at once, overwrites the old ciphertext, and is a safe retry', async () => {
    const { database, replacements, fresh, id, identity } = await switched();
    const state = await database.read(async (tx) => ({
      shards: await tx.all(
        "SELECT se_id, chip_public_key, cpic FROM shards WHERE state = 'current'",
      ),
      kept: await tx.all("SELECT se_id, state FROM shards WHERE state <> 'current'"),
      ciphertexts: await tx.all('SELECT se_id, ciphertext FROM ciphertexts'),
      chips: await tx.all('SELECT se_id, state FROM chips ORDER BY se_id'),
    }));
    expect(JSON.parse(JSON.stringify(state))).toEqual({
      shards: [
        {
          se_id: 'new',
          chip_public_key: fresh.publicKey,
          cpic: fresh.cpic,
        },
      ],
      kept: [{ se_id: 'old', state: 'retired' }],
      ciphertexts: [{ se_id: 'new', ciphertext: SEALED }],
      chips: [
        { se_id: 'new', state: 'active' },
        { se_id: 'old', state: 'disabled' },
      ],
    });
    expect(await codeOf(replacements.switch(id, 'bob'))).toBe('ok');
    expect(await codeOf(replacements.cancel(id, identity('bob')))).toBe('replacement_state');
  });

  test('no record is deleted before it, and afterwards only from the old chip', async () => {
    const before = await approved();
    await seal(before);
    const early = before.step(before.id, 'delete');
    expect(await codeOf(before.replacements.authorise(before.id, early, 'bob'))).toBe(
      'replacement_state',
    );
    const { replacements, step, certificate, id, fresh } = await switched();
    for (const name of ['release', 'prove', 'discard'] as const) {
      expect(await codeOf(replacements.authorise(id, step(id, name), 'bob'))).toBe(
        'replacement_state',
      );
    }
    const wrong = step(id, 'delete', { chip: fresh });
    expect(await codeOf(replacements.authorise(id, wrong, 'bob'))).toBe('chip_mismatch');
    expect(await codeOf(replacements.authorise(id, step(id, 'delete'), 'bob'))).toBe('ok');
    const receipt = (text: string) =>
      replacements.receipt(id, { key: ADDRESS, certificate: text }, 'bob');
    expect(await codeOf(receipt(certificate(id, 'delete')))).toBe('invalid_certificate');
    const done = await receipt(certificate(id, 'deleted'));
    expect(done).toMatchObject({ state: 'completed', oldChip: { state: 'destroyed' } });
    expect(await codeOf(receipt(certificate(id, 'deleted')))).toBe('ok');
  });

  test('an old chip that an administrator gives up ends the replacement, and the next may be asked for', async () => {
    const { replacements, chips, step, id, order, fresh } = await switched();
    await chips.change('old', { state: 'destroyed' }, 'root');
    expect(await replacements.find(id, 'bob')).toMatchObject({ state: 'completed' });
    expect(await codeOf(replacements.authorise(id, step(id, 'delete'), 'bob'))).toBe(
      'replacement_state',
    );
    const next = await order({ seId: 'next' }, { seId: 'next' }, [fresh, testChip()]);
    expect(await replacements.request(next)).toMatchObject({ state: 'requested' });
    expect(await replacements.find(id, 'bob')).toMatchObject({ state: 'completed' });
  });
});

test('1.8 every step and every refusal of a replacement is in the audit log, and nothing secret', async () => {
  const world = await approved();
  const { replacements, audit, step, certificate, id } = world;
  await codeOf(replacements.authorise(id, step(id, 'release', { operation: 'sign' }), 'bob'));
  await replacements.authorise(id, step(id, 'release'), 'bob');
  await replacements.authorise(id, step(id, 'prove'), 'bob');
  await seal(world);
  await replacements.switch(id, 'bob');
  await replacements.authorise(id, step(id, 'delete'), 'bob');
  await replacements.receipt(id, { key: ADDRESS, certificate: certificate(id, 'deleted') }, 'bob');
  const entries = await audit.list({ subject: id, limit: 50 });
  expect(entries.map(({ action, outcome }) => `${action} ${outcome}`).toReversed()).toEqual([
    'replacement.request ok',
    'replacement.approve ok',
    'replacement.release refused',
    'replacement.release ok',
    'replacement.prove ok',
    'replacement.seal ok',
    'replacement.switch ok',
    'replacement.delete ok',
    'replacement.complete ok',
    'replacement.deleted ok',
  ]);
  expect(entries[0]?.details).toMatchObject({ username: 'bob', old_chip: 'old', new_chip: 'new' });
  expect(JSON.stringify(entries)).not.toContain(SEALED);
});
