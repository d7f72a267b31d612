import { createHash } from 'node:crypto';
import { openSecureElement, type SecureElement } from '@quorate/secure-element';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import {
  describeTokens,
  makeSoftHsm,
  MODULE,
} from '../../../secure-element/test/support/softhsm.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import { changedChip, pulledAt } from '../support/changedChip.ts';
import { type Cluster, PIN, startCluster } from '../support/cluster.ts';

const people = ['alice', 'bob', 'carl'];

/** Asks for signatures by all pairs of people in turn, all at once; gives the reasons of those that failed. */
async function signAtOnce(
  cluster: Cluster,
  addresses: readonly string[],
  count: number,
  pairs: readonly (readonly string[])[] = [
    ['alice', 'bob'],
    ['bob', 'carl'],
    ['alice', 'carl'],
  ],
): Promise<unknown[]> {
  const asked = Array.from({ length: count }, (_, at) => {
    const address = addresses[at % addresses.length] ?? '';
    const signers = pairs[at % pairs.length] ?? [];
    const data = createHash('sha256').update(`digest ${at}`).digest('hex');
    return cluster.sign(`s${at}`, address, [...signers], { data });
  });
  const ended = await Promise.allSettled(asked);
  return ended.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
}

/** A cluster that counts the READs and what its chips refused of them. */
async function clusterThatCounts(): Promise<{
  cluster: Cluster;
  refused: unknown[];
  reads: () => number;
}> {
  const cluster = await startCluster(people, {}, onTestFinished);
  const refused: unknown[] = [];
  let reads = 0;
  for (const member of cluster.members) {
    await member.agent.close();
    const chip = await cluster.openChip(member);
    const read = async (access: Parameters<SecureElement['read']>[0]) => {
      reads += 1;
      try {
        return await chip.read(access);
      } catch (error) {
        refused.push(error);
        throw error;
      }
    };
    await cluster.start(member, { chip: changedChip(chip, { read }) });
  }
  return { cluster, refused, reads: () => reads };
}

const keysOf = (count: number): string[] => Array.from({ length: count }, (_, at) => `k${at}`);

test.each([1, 10])(
  'E-12: 200 signatures at once on %i keys: none fails, and no chip is asked with a challenge that it has lost',
  async (keys) => {
    const { cluster, refused, reads } = await clusterThatCounts();
    const addresses = [];
    for (const name of keysOf(keys)) addresses.push(await cluster.keygen(name));
    expect(await signAtOnce(cluster, addresses, 200)).toEqual([]);
    expect(refused).toEqual([]);
    expect(reads()).toBe(400);
    for (const { agent } of cluster.members) {
      await eventually(() => agent.sessions.length === 0);
      for (const key of agent.state.keys.list()) expect(key.releases.outstanding).toBe(0);
    }
  },
  240_000,
);

test('E-12: people who think hold nobody up who signs without them, and their sessions complete after that', async () => {
  const cluster = await startCluster(people, {}, onTestFinished);
  const address = await cluster.keygen('k');
  const thinking: (() => void)[] = [];
  const approve = () =>
    new Promise<{ readonly accept: true }>((resolve) => {
      thinking.push(() => resolve({ accept: true }));
    });
  await cluster.restart(cluster.member('bob'), { approve });
  const slow = signAtOnce(cluster, [address], 60, [['alice', 'bob']]);
  const quick = Array.from({ length: 40 }, (_, at) =>
    cluster.sign(`quick-${at}`, address, ['alice', 'carl'], { data: 'ab'.repeat(32) }),
  );
  await Promise.all(quick);
  expect(thinking).toHaveLength(60);
  for (const agree of thinking) agree();
  expect(await slow).toEqual([]);
}, 240_000);

test('E-12: 100 signatures at once survive that every connection is cut in their middle', async () => {
  const { cluster, reads } = await clusterThatCounts();
  const address = await cluster.keygen('k');
  const signing = signAtOnce(cluster, [address], 100);
  for (const least of [30, 60]) {
    await eventually(() => reads() > least);
    for (const name of people) cluster.proxy.cut(name);
  }
  expect(await signing).toEqual([]);
}, 240_000);

test('E-10, E-12: 100 signatures at once survive that a chip is pulled out and put back in their middle', async () => {
  const cluster = await startCluster(people, {}, onTestFinished);
  const address = await cluster.keygen('k');
  const bob = cluster.member('bob');
  await bob.agent.close();
  const chip = await pulledAt('read', () => cluster.openChip(bob), 20);
  await cluster.start(bob, { chip });
  expect(await signAtOnce(cluster, [address], 100)).toEqual([]);
  const renewed = cluster.proxy.of('chip_challenge', 'bob');
  expect(renewed.length).toBeGreaterThan(0);
}, 240_000);

describeTokens('a token among virtual chips', () => {
  const store = makeSoftHsm();
  store.addToken('alice', PIN.toString());
  afterAll(() => store.remove());

  test('E-12: 60 signatures at once with a token: none fails', async () => {
    const chips = {
      alice: (): Promise<SecureElement> =>
        openSecureElement({ kind: 'pkcs11', module: MODULE, token: 'alice' }),
    };
    const cluster = await startCluster(['alice', 'bob'], { chips }, onTestFinished);
    const address = await cluster.keygen('k');
    expect(await signAtOnce(cluster, [address], 60, [['alice', 'bob']])).toEqual([]);
  }, 240_000);
});
