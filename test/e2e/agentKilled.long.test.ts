// An agent is killed in the middle of a signature: everybody is told, nobody is blamed, the rest go on.
import { type Cluster, startCluster } from '@quorate/cli';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Requester } from './support/ceremonies.ts';
import type { Json } from './support/rawCoordinator.ts';
import { type Recording, record } from './support/recorder.ts';

let cluster: Cluster;
let requester: Requester;
let recording: Recording;
let key: Json;
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
  key = await requester.key('killed-keygen', 2);
});

afterAll(async () => {
  requester?.client.close();
  await cluster?.stop();
  await recording?.close();
});

describe('an agent killed in the middle of a signature', () => {
  test('ends that session for everybody once it is back, and nothing is signed', async () => {
    const [first = '', second = ''] = requester.holders;
    const victim = cluster.agents[1];
    const killed = new Promise<void>((resolve) => {
      onRound = () => {
        onRound = () => undefined;
        victim?.killNow();
        resolve();
      };
    });
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
