// The coordinator is killed (SIGKILL) in the middle and started again: a session loses nothing but time.
import type { Cluster } from '@quorate/cli';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Requester } from './support/ceremonies.ts';
import { opensslAccepts } from './support/check.ts';
import type { Json } from './support/rawCoordinator.ts';
import { startWatchedCluster, type WatchedCluster } from './support/watchedCluster.ts';

/** The message of an agent that has just reached the coordinator when it is killed, and which of them. */
const KEYGEN_MOMENTS: [type: string, nth: number][] = [
  ['keygen_response', 1],
  ['keygen_response', 3],
  ['round', 1],
  ['round', 3],
  ['keygen_result', 1],
];
const SIGN_MOMENTS: [type: string, nth: number][] = [
  ['sign_response', 1],
  ['sign_response', 2],
  ['round', 1],
];

let watched: WatchedCluster;
let cluster: Cluster;
let requester: Requester;
let key: Json;

beforeAll(async () => {
  watched = await startWatchedCluster();
  ({ cluster, requester } = watched);
  key = await requester.key('restart-first', 2);
});

afterAll(() => watched?.stop());

/** Settles when agents have sent that many frames with such a message; the coordinator is then dead. */
const killedAt = (type: string, nth: number): Promise<void> =>
  watched.at(type, nth, () => cluster.coordinator.killNow());

async function restart(name: string): Promise<void> {
  await cluster.coordinator.kill();
  const completed = requester.client.received.filter(
    (seen) => seen['session_key'] === name && seen['success'] !== undefined,
  );
  await cluster.coordinator.start();
  await requester.reconnect();
  expect(completed, 'killed too late').toEqual([]);
}

describe('1.9.15 a coordinator that is killed and started again', () => {
  test.each(KEYGEN_MOMENTS)('at %s number %i completes the key generation', async (type, nth) => {
    const name = `restart-${type}-${nth}`;
    const killed = killedAt(type, nth);
    requester.askForKey(name, 2);
    await killed;
    await restart(name);
    const done = await requester.client.complete(name, 'keygen_complete');
    expect(done['success']).toBe(true);
  });

  test.each(SIGN_MOMENTS)('at %s number %i completes the signature', async (type, nth) => {
    const name = `restart-sign-${type}-${nth}`;
    const signers = requester.holders.slice(1);
    const killed = killedAt(type, nth);
    requester.askForSignature(name, key['address'], signers, name);
    await killed;
    await restart(name);
    const done = await requester.client.complete(name, 'sign_complete');
    const publicKey = String(key['public_key']);
    expect(opensslAccepts(name, String(done['signature']), publicKey)).toBe(true);
  });

  test('still has every key', async () => {
    const signers = requester.holders.slice(0, 2);
    requester.askForSignature('restart-after', key['address'], signers, 'after');
    const done = await requester.client.complete('restart-after', 'sign_complete');
    expect(done['success']).toBe(true);
  });
});
