// The coordinator is killed (SIGKILL) in the middle and started again: a session loses nothing but time.
import { type Cluster, startCluster } from '@quorate/cli';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Requester } from './support/ceremonies.ts';
import { opensslAccepts } from './support/check.ts';
import type { Json } from './support/rawCoordinator.ts';
import { type Recording, record } from './support/recorder.ts';

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

let cluster: Cluster;
let requester: Requester;
let recording: Recording;
let key: Json;
let onFrame: (text: string) => void = () => undefined;

beforeAll(async () => {
  cluster = await startCluster({
    parties: 3,
    port: 0,
    route: async (wsUrl) => {
      const { port } = new URL(wsUrl);
      recording = await record(Number(port), (direction, text) => {
        if (direction === 'to-server') onFrame(text);
      });
      return wsUrl.replace(`:${port}/`, `:${recording.port}/`);
    },
  });
  requester = await Requester.of(cluster);
  key = await requester.key('restart-first', 2);
});

afterAll(async () => {
  requester?.client.close();
  await cluster?.stop();
  await recording?.close();
});

/** Settles when agents have sent that many frames with such a message; the coordinator is then dead. */
function killedAt(type: string, nth: number): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    onFrame = (text) => {
      if (!text.includes(`"type":"${type}"`)) return;
      seen += 1;
      if (seen !== nth) return;
      onFrame = () => undefined;
      cluster.coordinator.killNow();
      resolve();
    };
  });
}

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
