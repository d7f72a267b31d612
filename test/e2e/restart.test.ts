// The coordinator is killed (SIGKILL) in the middle and started again: a session loses nothing but time.
import { startCluster, type Cluster } from '@quorate/cli';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Requester } from './support/ceremonies.ts';
import { opensslAccepts } from './support/check.ts';
import type { Json } from './support/rawCoordinator.ts';
import { type Recording, record } from './support/recorder.ts';

let cluster: Cluster;
let requester: Requester;
let recording: Recording;
let onRound: () => void = () => undefined;

beforeAll(async () => {
  cluster = await startCluster({
    parties: 3,
    port: 0,
    route: async (wsUrl) => {
      const { port } = new URL(wsUrl);
      recording = await record(Number(port), (direction, text) => {
        if (direction === 'to-server' && text.includes('"type":"round"')) onRound();
      });
      return wsUrl.replace(`:${port}/`, `:${recording.port}/`);
    },
  });
  requester = await Requester.of(cluster);
});

afterAll(async () => {
  requester?.client.close();
  await cluster?.stop();
  await recording?.close();
});

/** Settles when the n-th round message of the agents has passed. */
function afterRounds(count: number): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    onRound = () => {
      seen += 1;
      if (seen === count) resolve();
    };
  });
}

async function killAndRestart(): Promise<void> {
  await cluster.coordinator.kill();
  const completed = requester.client.received.filter((seen) => seen['success'] !== undefined);
  expect(completed, 'killed too late').toEqual([]);
  await cluster.coordinator.start();
  await requester.reconnect();
}

describe('1.9.15 a coordinator killed in the middle', () => {
  let key: Json;

  test('of a key generation completes it after its restart', async () => {
    const middle = afterRounds(4);
    requester.askForKey('restart-keygen', 2);
    await middle;
    await killAndRestart();
    key = await requester.client.complete('restart-keygen', 'keygen_complete');
    expect(key['success']).toBe(true);
  });

  test('of a signature completes it after its restart', async () => {
    const middle = afterRounds(2);
    const signers = requester.holders.slice(1);
    requester.askForSignature('restart-sign', key['address'], signers, 'restarted');
    await middle;
    await killAndRestart();
    const done = await requester.client.complete('restart-sign', 'sign_complete');
    expect(opensslAccepts('restarted', String(done['signature']), String(key['public_key']))).toBe(
      true,
    );
  });

  test('and the key is still there for the next signature', async () => {
    const signers = requester.holders.slice(0, 2);
    requester.askForSignature('restart-after', key['address'], signers, 'after');
    const done = await requester.client.complete('restart-after', 'sign_complete');
    expect(done['success']).toBe(true);
  });
});
