// Coordinator and an agent are killed (SIGKILL) while a key is destroyed: it goes on until every shard is gone.
import type { Cluster } from '@quorate/cli';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Requester } from './support/ceremonies.ts';
import { startWatchedCluster, type WatchedCluster } from './support/watchedCluster.ts';

/**
 * The message of an agent that has just reached the coordinator when it is killed, and which of them. An agent is killed
 * with it once every agent has consented: one that dies while it consents declines, and nothing is destroyed.
 */
const MOMENTS: [type: string, nth: number][] = [
  ['destroy_response', 2],
  ['destroy_response', 3],
  ['destroy_result', 1],
];

let watched: WatchedCluster;
let cluster: Cluster;
let requester: Requester;

beforeAll(async () => {
  watched = await startWatchedCluster();
  ({ cluster, requester } = watched);
});

afterAll(() => watched?.stop());

/** Settles when agents have sent that many frames with such a message; coordinator and one agent are then dead. */
const killedAt = (type: string, nth: number): Promise<void> =>
  watched.at(type, nth, () => {
    cluster.coordinator.killNow();
    if (nth !== 2) cluster.agents[1]?.killNow();
  });

describe('1.9.15 a coordinator and an agent that are killed while a key is destroyed', () => {
  test.each(MOMENTS)('at %s number %i destroy it when they are back', async (type, nth) => {
    const name = `destroy-${type}-${nth}`;
    const key = await requester.key(`keygen-${name}`, 2);
    const killed = killedAt(type, nth);
    requester.askForDestruction(name, key['address']);
    await killed;
    await cluster.coordinator.kill();
    if (nth !== 2) await cluster.agents[1]?.kill();
    await cluster.coordinator.start();
    await requester.reconnect();
    const [first = '', , third = ''] = requester.holders;
    if (type === 'destroy_result') {
      // One shard may be gone, and one is not: nobody signs with the others.
      requester.askForSignature(`sign-${name}`, key['address'], [first, third], 'too late');
      const refused = await requester.client.next(
        (message) => message['type'] === 'error' && message['session_key'] === `sign-${name}`,
      );
      expect(refused['code']).toMatch(/^key_destroy(ing|ed)$/);
    }
    if (nth !== 2) await cluster.agents[1]?.start();
    requester.askForDestruction(name, key['address']);
    const done = await requester.client.complete(name, 'destroy_complete');
    expect(done).toMatchObject({ success: true, address: key['address'] });
    expect(done['parts']).toEqual(
      requester.holders.map((username, at) => ({
        username,
        part_index: at + 1,
        outcome: 'deleted',
      })),
    );
  });
});
