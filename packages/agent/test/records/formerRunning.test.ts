import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex, verifySignature } from '@quorate/intent';
import { expect, test } from 'vitest';
import { DATA, keyOnDisk, type Member, startClusterWithKey } from '../support/cluster.ts';
import { MOVED_FILE, STATE_FILES } from '../../src/records/names.ts';
import { failure } from '../support/failure.ts';

/** Puts a key's record back into the form and under the name that version 0.1.0 gave it. */
function rename(member: Member, address: string, change: object = {}): void {
  const { algorithm: _, ...record } = keyOnDisk(member, address);
  const former = { ...record, ...change, format: 'quorate-key/v2' };
  const name = `${address.toLowerCase()}.json`;
  writeFileSync(join(member.directory, 'keys', name), JSON.stringify(former), { mode: 0o600 });
  rmSync(join(member.directory, 'keys', MOVED_FILE));
  rmSync(join(member.directory, STATE_FILES.journal));
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
  await alice.agent.close();
  expect(keyOnDisk(alice, address)).toMatchObject({
    format: 'quorate-key/v3',
    algorithm: 'ecdsa-secp256k1',
    bans: [ban],
    releases: { confirmed: 2, outstanding: 0 },
  });
  await cluster.start(alice);
  expect(String(await failure(cluster.sign('banned', address, ['alice', 'carl'])))).toMatch(
    /pair_banned/,
  );
});
