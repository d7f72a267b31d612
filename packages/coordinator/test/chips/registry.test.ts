import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { authorisationMessage, fromBase64, verifyP256 } from '@quorate/intent';
import { describe, expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { loadOrCreateKey } from '../../src/auth/index.ts';
import { createChips } from '../../src/chips/index.ts';
import type { Tx } from '../../src/store/database.ts';
import { migrations } from '../../src/store/migrations.ts';
import { openDatabase } from '../../src/store/sqlite.ts';
import { openFixture, setUpAdmin } from '../auth/support.ts';
import { type TestChip, testChip } from './support.ts';

async function openRegistry() {
  const fixture = await openFixture();
  await setUpAdmin(fixture);
  const { auth, database, audit, tally, clock, directory } = fixture;
  for (const username of ['ann', 'bob']) {
    await auth.createUser({ username, roles: ['participant'] }, 'root');
  }
  await auth.createUser({ username: 'carl', roles: ['coordinator'] }, 'root');
  const key = loadOrCreateKey(join(directory, 'keys', 'chips.pem'), 'p256');
  const chips = createChips({ database, audit, tally, clock, users: auth.users, key });
  const registration = async (
    change: Partial<Parameters<typeof chips.register>[0]> = {},
    chip: TestChip = testChip(),
  ) => {
    const { nonce } = await chips.challenge('ann');
    const proof = chip.prove(nonce);
    return {
      username: 'ann',
      seId: `se-${chip.cpic.slice(0, 8)}`,
      label: '',
      nonce,
      proof,
      cpic: chip.cpic,
      publicKey: chip.publicKey,
      ...change,
    };
  };
  const code = (work: Promise<unknown>) =>
    work.then(
      () => 'ok',
      (error: { code: string }) => error.code,
    );
  return { ...fixture, chips, registration, code };
}

describe('chip registry', () => {
  test('takes a chip that signs the challenge, once', async () => {
    const { chips, registration, database, code } = await openRegistry();
    const chip = testChip();
    const request = await registration({ label: 'blue card' }, chip);
    expect(await chips.register(request, 'ann')).toMatchObject({
      username: 'ann',
      cpic: chip.cpic,
      state: 'active',
      label: 'blue card',
    });
    const found = await database.read((tx) => chips.activeChipOf(tx, 'ann'));
    expect(Buffer.from(found?.publicKey ?? []).toString('hex')).toBe(chip.publicKey);
    expect(await database.read((tx) => chips.find(tx, request.seId))).toEqual(found);
    expect(await code(chips.register(request, 'ann'))).toBe('invalid_challenge');
  });

  test('refuses a proof over another challenge, CPLC or key, or by another chip', async () => {
    const { chips, registration, code } = await openRegistry();
    const [chip, other] = [testChip(), testChip()];
    const wrong = [
      { proof: chip.prove(randomBytes(32).toString('hex')) },
      { cpic: other.cpic },
      { publicKey: other.publicKey },
      { proof: 'AAAA' },
      { publicKey: `04${'00'.repeat(64)}` },
      { publicKey: chip.publicKey.slice(0, 66) },
    ];
    for (const change of wrong) {
      expect(await code(chips.register(await registration(change, chip), 'ann'))).toBe(
        'invalid_proof',
      );
    }
    expect(await code(chips.register(await registration({}, chip), 'ann'))).toBe('ok');
  });

  test('spends a challenge with every attempt, and only for its caller, within five minutes', async () => {
    const { chips, registration, clock, code } = await openRegistry();
    const chip = testChip();
    const request = await registration({}, chip);
    expect(await code(chips.register({ ...request, proof: 'AAAA' }, 'ann'))).toBe('invalid_proof');
    expect(await code(chips.register(request, 'ann'))).toBe('invalid_challenge');
    const foreign = await registration({}, chip);
    expect(await code(chips.register(foreign, 'bob'))).toBe('invalid_challenge');
    const late = await registration({}, chip);
    clock.advance(300_000);
    expect(await code(chips.register(late, 'ann'))).toBe('invalid_challenge');
    const unknown = randomBytes(32).toString('hex');
    const made = { ...request, nonce: unknown, proof: chip.prove(unknown) };
    expect(await code(chips.register(made, 'ann'))).toBe('invalid_challenge');
  });

  test('gives a caller a bounded number of challenges', async () => {
    const { chips, code, clock } = await openRegistry();
    for (let index = 0; index < 10; index += 1) await chips.challenge('ann');
    expect(await code(chips.challenge('ann'))).toBe('rate_limited');
    expect(await code(chips.challenge('bob'))).toBe('ok');
    clock.advance(300_000);
    expect(await code(chips.challenge('ann'))).toBe('ok');
  });

  test('1.9.14 never takes a chip twice, under any name or for anybody', async () => {
    const { chips, registration, code } = await openRegistry();
    const chip = testChip();
    const first = await registration({}, chip);
    await chips.register(first, 'ann');
    await chips.change(first.seId, { state: 'lost' }, 'root');
    const again = async (change: object) =>
      code(chips.register(await registration(change, chip), 'ann'));
    expect(await again({})).toBe('chip_conflict');
    expect(await again({ seId: 'another-name' })).toBe('chip_conflict');
    expect(await again({ seId: 'another-name', username: 'bob' })).toBe('chip_conflict');
    expect(await again({ cpic: chip.cpic.toUpperCase(), seId: 'x' })).toBe('chip_conflict');
    const other = await registration({ seId: first.seId });
    expect(await code(chips.register(other, 'ann'))).toBe('chip_conflict');
  });

  test('keeps a person to one active chip', async () => {
    const { chips, registration, code } = await openRegistry();
    const first = await registration();
    await chips.register(first, 'ann');
    const second = await registration();
    expect(await code(chips.register(second, 'ann'))).toBe('chip_conflict');
    await chips.change(first.seId, { state: 'lost' }, 'root');
    const third = await registration();
    expect(await code(chips.register(third, 'ann'))).toBe('ok');
    expect(await code(chips.change(first.seId, { state: 'active' }, 'root'))).toBe('chip_conflict');
    await chips.change(third.seId, { state: 'disabled' }, 'root');
    expect(await code(chips.change(first.seId, { state: 'active' }, 'root'))).toBe('ok');
  });

  test('two registrations at the same time give one active chip', async () => {
    const { chips, registration, code } = await openRegistry();
    const requests = [await registration(), await registration()];
    const codes = await Promise.all(
      requests.map((request) => code(chips.register(request, 'ann'))),
    );
    expect(codes.toSorted()).toEqual(['chip_conflict', 'ok']);
  });

  test('gives a chip to active participants only', async () => {
    const { chips, registration, auth, code } = await openRegistry();
    const attempt = async (username: string) =>
      code(chips.register(await registration({ username }), 'ann'));
    expect(await attempt('carl')).toBe('forbidden_role');
    expect(await attempt('nobody')).toBe('unknown_user');
    await auth.patchUser('bob', { state: 'disabled' }, 'root');
    expect(await attempt('bob')).toBe('unknown_user');
  });

  test('a destroyed chip stays destroyed, and a chip that is not active is nobody’s active chip', async () => {
    const { chips, registration, database, code } = await openRegistry();
    const request = await registration();
    await chips.register(request, 'ann');
    for (const state of ['lost', 'disabled', 'destroyed'] as const) {
      await chips.change(request.seId, { state }, 'root');
      expect(await database.read((tx) => chips.activeChipOf(tx, 'ann'))).toBeUndefined();
    }
    for (const state of ['active', 'lost', 'disabled'] as const) {
      expect(await code(chips.change(request.seId, { state }, 'root'))).toBe('chip_state');
    }
    expect(await code(chips.change(request.seId, { label: 'gone' }, 'root'))).toBe('ok');
    expect(await code(chips.change('nothing', { label: 'x' }, 'root'))).toBe('unknown_chip');
  });

  test('a CPLC that somebody else registered is free once an administrator has retired that chip', async () => {
    const { chips, registration, audit, code } = await openRegistry();
    const owned = testChip();
    const squatting = testChip(new Uint8Array(Buffer.from(owned.cpic, 'hex')));
    const wrong = await registration({ username: 'bob' }, squatting);
    await chips.register(wrong, 'ann');
    const mine = async (seId: string): Promise<string> =>
      code(chips.register(await registration({ seId }, owned), 'ann'));
    expect(await mine('mine')).toBe('chip_conflict');
    await chips.change(wrong.seId, { state: 'disabled' }, 'root');
    expect(await mine('mine')).toBe('chip_conflict');
    await chips.change(wrong.seId, { state: 'destroyed' }, 'root');
    expect(await mine(wrong.seId)).toBe('chip_conflict');
    expect(await mine('mine')).toBe('ok');
    const back = async () =>
      code(chips.register(await registration({ seId: 'x' }, squatting), 'ann'));
    expect(await back()).toBe('chip_conflict');
    const [entry] = await audit.list({ subject: wrong.seId, action: 'chip.change', limit: 1 });
    expect(entry).toMatchObject({ actor: 'root', details: { state: 'destroyed' } });
  });

  test('chips of a database of the first version are kept', async () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'quorate.db');
    const insert = (tx: Tx, seId: string, cpic: string, state: string): Promise<unknown> =>
      tx.run(
        `INSERT INTO chips (se_id, username, cpic, public_key, label, state, registered_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, 1, 1)`,
        [seId, seId, cpic, `key of ${seId}`, '', state],
      );
    const before = await openDatabase(file, migrations.slice(0, 1));
    await before.transaction(async (tx) => {
      await insert(tx, 'one', 'aa', 'active');
      await insert(tx, 'two', 'bb', 'destroyed');
    });
    await before.close();
    const after = await openDatabase(file);
    onTestFinished(() => after.close());
    const rows = await after.read((tx) => tx.all('SELECT se_id, cpic, state FROM chips'));
    expect(rows.map((row) => ({ ...row }))).toEqual([
      { se_id: 'one', cpic: 'aa', state: 'active' },
      { se_id: 'two', cpic: 'bb', state: 'destroyed' },
    ]);
    await after.transaction((tx) => insert(tx, 'three', 'bb', 'active'));
    await expect(after.transaction((tx) => insert(tx, 'four', 'aa', 'lost'))).rejects.toThrow(
      /UNIQUE constraint failed: chips.cpic/,
    );
  });

  test('audits registrations, refusals and changes', async () => {
    const { chips, registration, audit, code } = await openRegistry();
    const request = await registration();
    await chips.register(request, 'ann');
    await code(chips.register(request, 'ann'));
    await chips.change(request.seId, { state: 'lost' }, 'root');
    const entries = await audit.list({ subject: request.seId, limit: 10 });
    expect(
      entries.map(({ actor, action, outcome, details }) => [actor, action, outcome, details]),
    ).toEqual([
      ['root', 'chip.change', 'ok', { username: 'ann', state: 'lost', label: '' }],
      [
        'ann',
        'chip.register',
        'refused',
        { username: 'ann', cpic: request.cpic, code: 'invalid_challenge' },
      ],
      ['ann', 'chip.register', 'ok', { username: 'ann', cpic: request.cpic }],
    ]);
  });

  test('X-1: refused registrations of one user fill no log: the first of a minute, then their number', async () => {
    const { chips, registration, audit, clock, code } = await openRegistry();
    const request = await registration();
    await chips.register(request, 'ann');
    for (let n = 0; n < 100; n += 1) {
      expect(await code(chips.register(request, 'ann'))).toBe('invalid_challenge');
    }
    const refused = async () =>
      (await audit.list({ action: 'chip.register', limit: 500 })).filter(
        ({ outcome }) => outcome === 'refused',
      );
    expect(await refused()).toMatchObject([{ details: { code: 'invalid_challenge' } }]);
    clock.advance(60_000);
    await expect
      .poll(refused)
      .toMatchObject([{ details: { count: 99 } }, { subject: request.seId }]);
  });

  test('lists chips by page, and one person’s only when asked', async () => {
    const { chips, registration, database } = await openRegistry();
    const [one, two] = [
      await registration({ seId: 'a' }),
      await registration({ seId: 'b', username: 'bob' }),
    ];
    await chips.register(one, 'ann');
    await chips.register(two, 'ann');
    const names = (page: { after: string; limit: number; onlyOf: string | undefined }) =>
      database.read(async (tx) => (await chips.list(tx, page)).map(({ seId }) => seId));
    expect(await names({ after: '', limit: 10, onlyOf: undefined })).toEqual(['a', 'b']);
    expect(await names({ after: 'a', limit: 10, onlyOf: undefined })).toEqual(['b']);
    expect(await names({ after: '', limit: 1, onlyOf: undefined })).toEqual(['a']);
    expect(await names({ after: '', limit: 10, onlyOf: 'bob' })).toEqual(['b']);
  });
});

describe('chip authorisation', () => {
  const request = () => ({
    operation: 'read' as const,
    chipPublicKey: new Uint8Array(Buffer.from(testChip().publicKey, 'hex')),
    recordId: new Uint8Array(randomBytes(32)),
    address: new Uint8Array(randomBytes(20)),
    sessionHash: new Uint8Array(randomBytes(32)),
    digest: new Uint8Array(randomBytes(32)),
    challenge: new Uint8Array(randomBytes(16)),
  });

  test('1.9.10 covers operation, chip, record, address, session, digest and challenge', async () => {
    const { chips } = await openRegistry();
    const granted = request();
    const signature = fromBase64(chips.authorise(granted));
    const verifies = (change: object) =>
      verifyP256(chips.publicKey, authorisationMessage({ ...granted, ...change }), signature);
    expect(verifies({})).toBe(true);
    expect(verifies({ operation: 'delete' })).toBe(false);
    const other = request();
    const fields = [
      'chipPublicKey',
      'recordId',
      'address',
      'sessionHash',
      'digest',
      'challenge',
    ] as const;
    for (const field of fields) expect(verifies({ [field]: other[field] }), field).toBe(false);
  });

  test('is signed by a key that survives a restart', async () => {
    const { chips, directory, database, audit, tally, clock, auth } = await openRegistry();
    const key = loadOrCreateKey(join(directory, 'keys', 'chips.pem'), 'p256');
    const later = createChips({ database, audit, tally, clock, users: auth.users, key });
    expect(later.fingerprint).toBe(chips.fingerprint);
    expect(later.publicKey).toEqual(chips.publicKey);
    expect(chips.publicKey).toHaveLength(65);
  });
});
