import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex, verifySignature } from '@quorate/intent';
import { expect, test } from 'vitest';
import { DATA, keyFile, type Member, startClusterWithKey } from '../support/cluster.ts';
import { failure } from '../support/failure.ts';

/** Puts a key's record back into the form and under the name that version 0.1.0 gave it. */
function rename(member: Member, address: string, change: object = {}): void {
  const file = keyFile(member, address);
  const { algorithm: _, ...record } = JSON.parse(readFileSync(file, 'utf8'));
  const former = { ...record, ...change, format: 'quorate-key/v2' };
  const name = `${address.toLowerCase()}.json`;
  writeFileSync(join(member.directory, 'keys', name), JSON.stringify(former), { mode: 0o600 });
  rmSync(file);
}

test('O-12: an agent of version 0.1.0 signs on after the upgrade, and keeps refusing whom it banned', async () => {
  const people = ['alice', 'bob', 'carl'];
  const { cluster, address } = await startClusterWithKey(people);
  await cluster.sign('before', address, ['alice', 'bob']);
  const alice = cluster.member('alice');
  await alice.agent.close();
  const ban = { part_index: 3, session_key: 's', reason: 'invalid-proof', at: 1 };
  rename(alice, address, { bans: [ban] });
  await cluster.start(alice);
  const signature = await cluster.sign('after', address, ['alice', 'bob']);
  expect(verifySignature(fromHex(DATA), fromHex(signature), address)).toBe(true);
  const record = JSON.parse(readFileSync(keyFile(alice, address), 'utf8'));
  expect(record).toMatchObject({
    format: 'quorate-key/v3',
    algorithm: 'ecdsa-secp256k1',
    bans: [ban],
    releases: { confirmed: 2, outstanding: 0 },
  });
  expect(String(await failure(cluster.sign('banned', address, ['alice', 'carl'])))).toMatch(
    /pair_banned/,
  );
});
