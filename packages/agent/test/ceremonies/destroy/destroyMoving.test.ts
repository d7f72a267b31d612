import { expect, test } from 'vitest';
import { readAgentRecords } from '../../../src/records/agentJournal.ts';
import { readJournal } from '../../../src/replacement/journal.ts';
import { replaceChip } from '../../../src/replacement/replaceChip.ts';
import { startClusterWithKey } from '../../support/cluster.ts';
import { eventually } from '../../../../../test/support/eventually.ts';
import { failure } from '../../support/failure.ts';
import { approve, newChip, replacing } from '../../support/replacing.ts';

test('a key of which a shard moves to a new chip is not destroyed: not by the coordinator, not by the agent', async () => {
  const { cluster, address } = await startClusterWithKey(['alice', 'bob']);
  const bob = cluster.member('bob');
  await eventually(() => bob.agent.state.keys.findByAddress(address)?.state === 'active');
  await bob.agent.close();
  const options = replacing(cluster, bob, await newChip(cluster, 'bob-2'));
  const asked = await replaceChip(options);
  await approve(cluster, asked);
  const unswitched = async (): Promise<never> => {
    throw new Error('the network is gone');
  };
  const service = { ...options.service, switch: unswitched };
  await expect(replaceChip({ ...options, service })).rejects.toThrow('the network is gone');
  const key = readAgentRecords(bob.directory).keyByAddress(address);
  expect(Object.keys(readJournal(bob.directory)?.shards ?? {})).toEqual([key?.key_id]);
  await cluster.start(bob);
  const refused = await failure(cluster.destroy('d1', address));
  expect(refused).toMatchObject({ code: 'replacement_busy' });
  expect(String(refused)).toMatch(/bob moves a shard to a new chip/);
  // The coordinator forgets it; the agent has both the new ciphertext and a record on the new chip.
  const cancelled = await fetch(`${cluster.server.url}/api/v1/chips/replacements/${asked.id}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${cluster.adminToken}` },
  });
  expect(cancelled.status).toBe(200);
  const declined = await failure(cluster.destroy('d2', address));
  expect(declined).toMatchObject({ code: 'participant_declined' });
  expect(String(declined)).toMatch(/replacement_busy: this shard moves to a new chip/);
  await bob.agent.close();
  expect(await replaceChip(options)).toMatchObject({ state: 'cancelled' });
  await cluster.start(bob);
  const { parts } = await cluster.destroy('d3', address);
  expect(parts.map(({ outcome }) => outcome)).toEqual(['deleted', 'deleted']);
});
