// `quorate keygen` and `quorate sign` against a development cluster of real processes.
import { addressOf, fromHex, verifySignature } from '@quorate/intent';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Office, openOffice } from '../support/office.ts';
import { quorate } from '../support/world.ts';

const DIGEST = '5'.repeat(64);

let office: Office;
let address = '';

beforeAll(async () => {
  office = await openOffice(2);
});

afterAll(async () => {
  await office?.cluster.stop();
});

const at = (name: string): string => join(office.cluster.directory, name);

test('quorate keygen tells the key, for people and for machines', async () => {
  const order = ['keygen', '--threshold', '2', '--participants', 'user1,user2'];
  const named = [...order, '--session-key', 'keygen-1'];
  const made = await office.done(...named);
  address = String(made['address']);
  expect(Object.keys(made)).toEqual([
    'event',
    'session_key',
    'address',
    'public_key',
    'threshold',
    'total_parts',
    'participants',
  ]);
  expect(made).toMatchObject({ session_key: 'keygen-1', threshold: 2, total_parts: 2 });
  expect(addressOf(fromHex(String(made['public_key'])))).toBe(address);
  const shown = await quorate(...named, ...office.login);
  expect(shown.stdout).toBe(`address     ${address}\npublic key  ${String(made['public_key'])}\n`);
});

test('quorate keys takes a key by its key_id as by its address, and tells both', async () => {
  const [listed] = (await office.done('keys', 'list'))['keys'] as Record<string, unknown>[];
  const keyId = String(listed?.['key_id']);
  expect(listed).toMatchObject({ address, algorithm: 'ecdsa-secp256k1' });
  const shown = await office.done('keys', 'show', keyId);
  expect(shown).toEqual(await office.done('keys', 'show', address));
  const text = await quorate('keys', 'show', keyId.toUpperCase(), ...office.login);
  expect(text.stdout).toMatch(new RegExp(`^key id +${keyId}$`, 'm'));
  expect(text.stdout).toMatch(/^algorithm +ecdsa-secp256k1$/m);
  const unknown = await quorate('keys', 'show', '00'.repeat(32), ...office.login);
  expect(unknown).toMatchObject({ exit: 3 });
  expect(unknown.stderr).toMatch(/unknown_key|no such key|no key/);
  const neither = await quorate('keys', 'show', keyId.slice(1), ...office.login);
  expect(neither).toMatchObject({ exit: 2 });
});

test('quorate sign writes a signature to --out after it was shown', async () => {
  const order = ['--address', address, '--participants', 'user1,user2', '--digest', DIGEST];
  const signed = await office.done('sign', ...order, '--out', at('signature'));
  expect(Object.keys(signed)).toEqual([
    'event',
    'session_key',
    'address',
    'digest',
    'signature',
    'signers',
  ]);
  const signature = String(signed['signature']);
  expect(verifySignature(fromHex(DIGEST, 32), fromHex(signature, 65), address)).toBe(true);
  expect(readFileSync(at('signature'), 'utf8')).toBe(`${signature}\n`);
  expect(statSync(at('signature')).mode & 0o044).toBe(0o044);
});

test('quorate sign writes a signed transaction to --out where there is one', async () => {
  const transaction = {
    chain_id: 1,
    nonce: 0,
    max_priority_fee_per_gas: '1',
    max_fee_per_gas: '2',
    gas_limit: 21_000,
    to: address,
    value: '3',
    data: '0x',
  };
  writeFileSync(at('payment.json'), JSON.stringify({ kind: 'eip1559', transaction }));
  const subject = ['--transaction', at('payment.json'), '--out', at('raw')];
  const order = ['--address', address, '--participants', 'user1,user2'];
  const signed = await office.done('sign', ...order, ...subject);
  expect(String(signed['raw_transaction'])).toMatch(/^0x02/);
  expect(readFileSync(at('raw'), 'utf8')).toBe(`${String(signed['raw_transaction'])}\n`);
});

test('quorate sign says how many signers a key needs', async () => {
  const order = ['--address', address, '--participants', 'user1', '--digest', DIGEST];
  const ran = await quorate('sign', ...order, ...office.login);
  expect(ran).toMatchObject({ exit: 2 });
  expect(ran.stderr).toMatch(/this key needs 2 signers/);
});
