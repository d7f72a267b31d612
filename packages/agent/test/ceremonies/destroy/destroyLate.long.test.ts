import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openPins } from '../../../src/roster/pins.ts';
import { type Member, startClusterWithKey } from '../../support/cluster.ts';
import { failure } from '../../support/failure.ts';
import { newChip, openNew } from '../../support/replacing.ts';

const NAMES = ['ann', 'ben'];
const MINUTE = 60_000;

/** A promise that the test resolves. */
function gate(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve: () => resolve() };
}

test('clocks that are nine minutes apart do not stop a destruction that everybody consented to', async () => {
  const { cluster, address } = await startClusterWithKey(NAMES);
  const [ann, ben] = cluster.members as [Member, Member];
  // The coordinator takes both: what ann and ben think of each other comes after the point of no return.
  await cluster.restart(ann, { now: () => Date.now() - 5 * MINUTE });
  await cluster.restart(ben, { now: () => Date.now() + 4 * MINUTE });
  const { parts } = await cluster.destroy('d', address);
  expect(parts.map(({ outcome }) => outcome)).toEqual(['deleted', 'deleted']);
});

test('a roster that is imported after the consent does not stop the deletion', async () => {
  const { cluster, address } = await startClusterWithKey(NAMES);
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

test('a release that finds the state rolled back, and ends late, does not stop the deletion', async () => {
  const { cluster, address } = await startClusterWithKey(NAMES);
  const [ann, ben] = cluster.members as [Member, Member];
  const agreed = gate();
  const read = gate();
  const asked = gate();
  await cluster.restart(ben, {
    approve: async ({ kind }) => {
      if (kind === 'destroy') await agreed.promise;
      return { accept: true };
    },
  });
  await ann.agent.close();
  const chip = await cluster.openChip(ann);
  const release = chip.read.bind(chip);
  let first = true;
  chip.read = async (access) => {
    if (!first) return release(access);
    first = false;
    asked.resolve();
    await read.promise;
    const answer = await release(access);
    return { ...answer, releaseCount: answer.releaseCount + 7 };
  };
  await cluster.start(ann, { chip });
  const destroyed = cluster.destroy('d', address);
  await cluster.proxy.until(({ type }, who) => type === 'destroy_response' && who === 'ann');
  const signed = failure(cluster.sign('s', address, NAMES));
  await asked.promise;
  agreed.resolve();
  expect(await signed).toMatchObject({ code: 'key_destroying' });
  await cluster.proxy.until(({ type }, who) => type === 'destroy_params' && who === 'ann');
  // An answer after the parameters tells that they have arrived.
  const { record_id } = ann.agent.state.keys.findByAddress(address)!;
  const notice = { type: 'orphan_notice', session_key: 'k', part_index: 1, record_id, address };
  cluster.proxy.inject('ann', { ...notice, reason: 'timeout' });
  await cluster.proxy.until(({ type }, who) => type === 'orphan_result' && who === 'ann');
  read.resolve();
  const { parts } = await destroyed;
  expect(parts.map(({ outcome }) => outcome)).toEqual(['deleted', 'deleted']);
});
