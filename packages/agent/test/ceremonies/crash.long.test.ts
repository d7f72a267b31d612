import { fromHex, verifySignature } from '@quorate/intent';
import { SecureElementError } from '@quorate/secure-element';
import { describe, expect, test } from 'vitest';
import { type Cluster, DATA, kill, startCluster, startClusterWithKey } from '../support/cluster.ts';
import { records } from '../support/destroyed.ts';
import { failure } from '../support/failure.ts';
import type { Frame } from '../support/relay.ts';
import { eventually } from '../../../../test/support/eventually.ts';

const people = ['alice', 'bob', 'carl'];

/** Kills alice's process when a message of hers passes, which then is lost, and starts her again. */
async function killAt(
  cluster: Cluster,
  when: (message: Frame) => boolean,
  ceremony: () => Promise<unknown>,
): Promise<unknown> {
  const alice = cluster.member('alice');
  await alice.agent.close();
  const child = await cluster.spawn(alice);
  let gone: Promise<void> | undefined;
  cluster.proxy.meddle = (message, direction, username) => {
    if (gone || username !== 'alice' || direction !== 'to-server' || !when(message)) {
      return [message];
    }
    gone = kill(child);
    cluster.proxy.cut('alice');
    return [];
  };
  const outcome = ceremony().catch((error: unknown) => error);
  await cluster.proxy.until(
    (message, who, direction) => who === 'alice' && direction === 'to-server' && when(message),
  );
  await gone;
  cluster.proxy.meddle = (message) => [message];
  await cluster.start(alice);
  return outcome;
}

describe('agent that was killed', () => {
  const order = { threshold: 2, total_parts: 3, participants: people };

  test.each([
    ['before its answer arrives', (message: Frame) => message.type === 'keygen_response'],
    [
      'in the middle of the rounds',
      (message: Frame) => message.type === 'round' && message['round'] === 3,
    ],
    [
      'after its chip has stored the record, before the result',
      (message: Frame) => message.type === 'keygen_result',
    ],
  ])('D-10: %s leaves no half key, and what its chip kept is deleted', async (_, when) => {
    const cluster = await startCluster(people);
    const outcome = await killAt(cluster, when, () =>
      cluster.client.ask('keygen', { session_key: 'k1', ...order }),
    );
    expect(String(outcome)).toMatch(/participant_restarted|restarted/);
    for (const member of cluster.members) {
      await eventually(() => member.agent.state.keys.list().length === 0);
      expect(await records(cluster, member), member.username).toBe(0);
    }
    const address = await cluster.keygen('k2');
    const signature = await cluster.sign('s1', address, ['alice', 'bob']);
    expect(verifySignature(fromHex(DATA), fromHex(signature), address)).toBe(true);
  });

  test('D-10: after its result has arrived, the key is complete and it signs with it', async () => {
    const cluster = await startCluster(people);
    const alice = cluster.member('alice');
    await alice.agent.close();
    const child = await cluster.spawn(alice);
    let gone: Promise<void> | undefined;
    cluster.proxy.meddle = (message, direction, username) => {
      if (
        !gone &&
        username === 'alice' &&
        direction === 'to-agent' &&
        message.type === 'keygen_complete'
      ) {
        gone = kill(child);
        cluster.proxy.cut('alice');
        return [];
      }
      return [message];
    };
    const { address } = await cluster.client.ask('keygen', { session_key: 'k1', ...order });
    await cluster.proxy.until(
      (message, who) => who === 'alice' && message.type === 'keygen_complete',
    );
    await gone;
    await cluster.start(alice);
    const signature = await cluster.sign('s1', address, ['alice', 'bob']);
    expect(verifySignature(fromHex(DATA), fromHex(signature), address)).toBe(true);
  });

  test('a chip that cannot store leaves no half key, and nothing to delete for ever', async () => {
    const cluster = await startCluster(people);
    const alice = cluster.member('alice');
    await alice.agent.close();
    const chip = await cluster.openChip(alice);
    let full = true;
    chip.store = ((store) => (record: Parameters<typeof store>[0]) => {
      if (full) throw new SecureElementError('full', 'no room');
      return store(record);
    })(chip.store.bind(chip));
    await cluster.start(alice, { chip });
    const error = await failure(cluster.client.ask('keygen', { session_key: 'k1', ...order }));
    expect(error.message).toMatch(/full/);
    full = false;
    for (const { agent } of cluster.members) {
      await eventually(() => agent.state.keys.list().length === 0);
    }
    const answer = await cluster.proxy.until(
      (message, who) => message.type === 'orphan_result' && who === 'alice',
    );
    expect(answer['success']).toBe(true);
    await cluster.keygen('k2');
  });

  test('in the middle of a signature ends that session, names itself, and signs the next one', async () => {
    const { cluster, address } = await startClusterWithKey(people);
    const inRound2 = (message: Frame) =>
      message.type === 'round' && message['session_key'] === 's1' && message['round'] === 2;
    const outcome = await killAt(cluster, inRound2, () =>
      cluster.sign('s1', address, ['alice', 'bob']),
    );
    expect(String(outcome)).toMatch(/participant_restarted/);
    expect(cluster.member('alice').agent.state.sessions.read('s1', 1)?.state).toBe(
      'unknown_outcome',
    );
    const certificates = cluster.proxy
      .of('sign_response', 'alice')
      .filter((message) => message['session_key'] === 's1');
    expect(certificates).toHaveLength(1);
    const signature = await cluster.sign('s2', address, ['alice', 'bob']);
    expect(verifySignature(fromHex(DATA), fromHex(signature), address)).toBe(true);
  });

  test('a coordinator that restarts in the middle of a signature loses nothing', async () => {
    const { cluster, address } = await startClusterWithKey(people);
    let restarted: Promise<void> | undefined;
    cluster.proxy.meddle = (message) => {
      if (!restarted && message['session_key'] === 's1' && message['round'] === 2) {
        restarted = cluster.server.close().then(() => cluster.startServer());
      }
      return [message];
    };
    const signature = await cluster.sign('s1', address, ['alice', 'bob']);
    expect(verifySignature(fromHex(DATA), fromHex(signature), address)).toBe(true);
    await restarted;
    expect(restarted).toBeDefined();
  });
});
