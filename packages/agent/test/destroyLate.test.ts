import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openPins } from '../src/roster.ts';
import { type Member, startCluster } from './support/cluster.ts';
import { newChip, openNew } from './support/replacing.ts';

const NAMES = ['ann', 'ben'];
const MINUTE = 60_000;

test('clocks that are nine minutes apart do not stop a destruction that everybody consented to', async () => {
  const cluster = await startCluster(NAMES);
  const address = await cluster.keygen('k');
  const [ann, ben] = cluster.members as [Member, Member];
  // The coordinator takes both: what ann and ben think of each other comes after the point of no return.
  await cluster.restart(ann, { now: () => Date.now() - 5 * MINUTE });
  await cluster.restart(ben, { now: () => Date.now() + 4 * MINUTE });
  const { parts } = await cluster.destroy('d', address);
  expect(parts.map(({ outcome }) => outcome)).toEqual(['deleted', 'deleted']);
});

test('a roster that is imported after the consent does not stop the deletion', async () => {
  const cluster = await startCluster(NAMES);
  const address = await cluster.keygen('k');
  const [ann] = cluster.members as [Member, Member];
  cluster.proxy.meddle = (message, _, who) =>
    who === 'ann' && message.type === 'destroy_params' ? [] : [message];
  const destroyed = cluster.destroy('d', address);
  await cluster.proxy.until(({ type }, who) => type === 'destroy_params' && who === 'ann');
  await ann.agent.close();
  const chip = await openNew(await newChip(cluster, 'ben-new'));
  const fresh = await chip.publicKey();
  await chip.close();
  openPins(join(ann.directory, 'pins.json')).importRoster(cluster.roster(2, { ben: fresh }));
  cluster.proxy.meddle = (message) => [message];
  await cluster.start(ann);
  const { parts } = await destroyed;
  expect(parts.map(({ outcome }) => outcome)).toEqual(['deleted', 'deleted']);
});
