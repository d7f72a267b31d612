// An agent is killed in the middle of a signature: everybody is told, nobody is blamed, the rest go on.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Requester } from './support/ceremonies.ts';
import type { Json } from './support/rawCoordinator.ts';
import { startWatchedCluster, type WatchedCluster } from './support/watchedCluster.ts';

let watched: WatchedCluster;
let requester: Requester;
let key: Json;

beforeAll(async () => {
  watched = await startWatchedCluster();
  ({ requester } = watched);
  key = await requester.key('killed-keygen', 2);
});

afterAll(() => watched?.stop());

describe('an agent killed in the middle of a signature', () => {
  test('ends that session for everybody once it is back, and nothing is signed', async () => {
    const [first = '', second = ''] = requester.holders;
    const victim = watched.cluster.agents[1];
    const killed = watched.at('round', 1, () => victim?.killNow());
    requester.askForSignature('killed-sign', key['address'], [first, second], 'killed');
    await killed;
    await victim?.kill();
    await victim?.start();
    const told = await requester.client.next(
      (message) => message['type'] === 'error' && message['session_key'] === 'killed-sign',
    );
    expect(JSON.stringify(told)).toMatch(/restart|abort|fail/i);
    const done = await requester.client.next(
      (message) => message['type'] === 'sign_complete' && message['session_key'] === 'killed-sign',
    );
    expect(done['success']).toBe(false);
    expect(done['signature']).toBe('');
  });

  test('lets the same two sign again, since silence is no blame', async () => {
    const signers = requester.holders.slice(0, 2);
    requester.askForSignature('killed-again', key['address'], signers, 'again');
    const done = await requester.client.complete('killed-again', 'sign_complete');
    expect(done['success']).toBe(true);
  });
});
