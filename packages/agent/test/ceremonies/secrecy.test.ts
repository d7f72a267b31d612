import { openShard } from '@quorate/holder';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex, parseAddress } from '@quorate/intent';
import { expect, test } from 'vitest';
import { PIN, startCluster } from '../support/cluster.ts';
import { remembering, secretsOf, spellings } from '../support/secrets.ts';

const people = ['alice', 'bob', 'carl'];

test('R-2, R-12, 1.9.13: no secret of a key is in what passed the relay, in the logs, or on the disk of an agent', async () => {
  const openers: Uint8Array[] = [];
  const cluster = await startCluster(people);
  for (const member of cluster.members) {
    await member.agent.close();
    await cluster.start(member, { chip: remembering(await cluster.openChip(member), openers) });
  }
  const address = await cluster.keygen('k1');
  await cluster.sign('s1', address, ['alice', 'bob']);

  const results = cluster.proxy.of('keygen_result');
  expect(results).toHaveLength(3);
  expect(openers).toHaveLength(3);
  const shares = results.map((result) => {
    const index = Number(result['part_index']);
    const identity = {
      publicKey: fromHex(String(result['public_key'])),
      address: parseAddress(address),
      partIndex: index,
      epoch: 0,
      recordId: fromHex(String(result['record_id'])),
    };
    const encrypted = Buffer.from(String(result['encrypted_shard']), 'base64');
    for (const opener of openers) {
      try {
        return openShard(encrypted, opener, identity);
      } catch {
        // the opener of another participant
      }
    }
    throw new Error('no opener opens this shard');
  });

  const secrets = [...shares.flatMap(secretsOf), ...openers];
  expect(secrets.length).toBeGreaterThan(20);
  const places = {
    relay: cluster.proxy.bytes.join('\n'),
    logs: cluster.members.flatMap((member) => member.log).join('\n'),
    disk: cluster.members.flatMap((member) => files(member.directory)).join('\n'),
  };
  const needles = secrets.flatMap(spellings);
  for (const [place, text] of Object.entries(places)) {
    expect(text.length).toBeGreaterThan(100);
    expect(
      needles.filter((needle) => text.includes(needle)),
      place,
    ).toEqual([]);
  }
  expect(places.logs).not.toContain(PIN.toString());
  expect(places.logs).not.toMatch(/eyJ/);

  // The search itself bites: a planted secret is found in each spelling.
  for (const needle of spellings(openers[0]!)) {
    expect(needles.some((one) => `junk${needle}junk`.includes(one))).toBe(true);
  }
});

function files(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
}
