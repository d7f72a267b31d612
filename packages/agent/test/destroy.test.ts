import { expect, test } from 'vitest';
import { type Cluster, startCluster } from './support/cluster.ts';

const NAMES = ['ann', 'ben', 'cid'];

const keyOf = (cluster: Cluster, address: string): Promise<Record<string, unknown>> =>
  cluster.get(`/keys/${address}`);

test('a key is destroyed on every chip, at every agent and at the coordinator', async () => {
  const cluster = await startCluster(NAMES);
  const address = await cluster.keygen('k');
  const { parts } = await cluster.destroy('d', address);
  expect(parts.map(({ outcome }) => outcome)).toEqual(['deleted', 'deleted', 'deleted']);
  expect(await keyOf(cluster, address)).toMatchObject({ state: 'destroyed' });
  for (const member of cluster.members) {
    expect(member.agent.state.keys.find(address)?.state).toBe('destroyed');
    await member.agent.close();
    const chip = await cluster.openChip(member);
    expect((await chip.info()).used).toBe(0);
    await chip.close();
  }
});
