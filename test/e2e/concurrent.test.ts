// Twenty signatures of different sessions at once.
import { type Cluster, startCluster } from '@quorate/cli';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Requester } from './support/ceremonies.ts';
import { opensslAccepts } from './support/check.ts';

let cluster: Cluster;
let requester: Requester;

beforeAll(async () => {
  cluster = await startCluster({ parties: 3, port: 0 });
  requester = await Requester.of(cluster);
});

afterAll(async () => {
  requester?.client.close();
  await cluster?.stop();
});

describe('many sessions', () => {
  test('twenty signatures at once all complete and all verify', async () => {
    const key = await requester.key('many-keygen', 2);
    const [a = '', b = '', c = ''] = requester.holders;
    const pairs = [
      [a, b],
      [b, c],
      [c, a],
    ];
    const runs = Array.from({ length: 20 }, (_, at) => ({
      name: `many-${at}`,
      signers: pairs[at % 3] ?? [],
      message: `message ${at}`,
    }));
    for (const { name, signers, message } of runs) {
      requester.askForSignature(name, key['address'], signers, message);
    }
    const done = await Promise.all(
      runs.map(({ name }) => requester.client.complete(name, 'sign_complete')),
    );
    const publicKey = String(key['public_key']);
    for (const [at, { message }] of runs.entries()) {
      expect(opensslAccepts(message, String(done[at]?.['signature']), publicKey)).toBe(true);
    }
    expect(new Set(done.map((message) => message['signature'])).size).toBe(20);
  });

  test('two keys and a signature run beside each other', async () => {
    const key = await requester.key('beside-first', 2);
    const signers = requester.holders.slice(0, 2);
    requester.askForKey('beside-second', 2);
    requester.askForSignature('beside-sign', key['address'], signers, 'beside');
    const [second, signed] = await Promise.all([
      requester.client.complete('beside-second', 'keygen_complete'),
      requester.client.complete('beside-sign', 'sign_complete'),
    ]);
    expect(second['success']).toBe(true);
    expect(second['address']).not.toBe(key['address']);
    expect(signed['success']).toBe(true);
  });
});
