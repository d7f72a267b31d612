import { expect } from 'vitest';
import { eventually } from '../../../../test/support/eventually.ts';
import type { Cluster, Member } from './cluster.ts';

/** The holders of a key that is destroyed in tests. */
export const NAMES: string[] = ['ann', 'ben'];

interface KeyView {
  readonly state: string;
  readonly holders: readonly { readonly record_state: string }[];
}

/** A key as the coordinator shows it. */
export const keyOf = (cluster: Cluster, address: string): Promise<KeyView> =>
  cluster.get(`/keys/${address}`);

/** How many records a member's chip holds; its agent is started again. */
export async function records(cluster: Cluster, member: Member): Promise<number | null> {
  await member.agent.close();
  const chip = await cluster.openChip(member);
  const { used } = await chip.info();
  await chip.close();
  await cluster.start(member);
  return used;
}

/** Nothing is left of the key but its tombstones. */
export async function expectDestroyed(cluster: Cluster, address: string): Promise<void> {
  const { state, holders } = await keyOf(cluster, address);
  expect(state).toBe('destroyed');
  expect(holders.map(({ record_state }) => record_state)).toEqual(NAMES.map(() => 'deleted'));
  for (const member of cluster.members) {
    await eventually(
      () => member.agent.state.keys.findByAddress(address)?.destruction?.settled === true,
    );
    expect(member.agent.state.keys.findByAddress(address)?.state).toBe('destroyed');
    expect(await records(cluster, member), member.username).toBe(0);
  }
}
