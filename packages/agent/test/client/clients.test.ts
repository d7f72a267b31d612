import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { whenFileEnds } from '../../../../test/support/finished.ts';
import { CoordinatorClient } from '../../src/client/client.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import { type ScriptedServer, scriptedServer } from '../support/relay.ts';

const NAMES = ['alice', 'bob', 'carl'];
const FEATURES = ['quorate-features: client_id'];

function open(server: ScriptedServer): CoordinatorClient {
  const client = new CoordinatorClient({
    url: server.url,
    username: 'carol',
    token: async () => 'token',
    backoff: { next: () => 0, reset: () => undefined },
  });
  onTestFinished(() => client.close());
  return client;
}

describe('clients of one coordinator user', () => {
  let cluster: Cluster;
  let address: string;

  const finished = whenFileEnds();

  beforeAll(async () => {
    cluster = await startCluster(NAMES, {}, finished);
    address = await cluster.keygen('k1');
  });

  /** Another client of the same user, with the same token. */
  async function another(): Promise<CoordinatorClient> {
    const client = cluster.makeClient();
    onTestFinished(() => client.close());
    await client.connect();
    return client;
  }

  const orderOf = (sessionKey: string) => ({
    session_key: sessionKey,
    threshold: 2,
    total_parts: 3,
    data: '5'.repeat(64),
    address,
    participants: ['alice', 'bob'],
  });

  test('Z-20: sign at the same time with one token, and each gets its own signature', async () => {
    const clients = [await another(), await another(), cluster.client];
    const outcomes = await Promise.all(
      clients.map((client, at) => client.ask('sign', orderOf(`at-once-${at}`))),
    );
    expect(outcomes.map(({ sessionKey }) => sessionKey)).toEqual([
      'at-once-0',
      'at-once-1',
      'at-once-2',
    ]);
  });

  test('Z-20: follow a session that another of them asked for, also when that one is gone', async () => {
    const first = await another();
    const order = orderOf('followed');
    let asked = false;
    const left = first.ask('sign', order, () => {
      asked = true;
    });
    const gone = expect(left).rejects.toMatchObject({ code: 'link/closed' });
    await eventually(() => asked);
    await first.close();
    await gone;
    const [second, third] = [await another(), await another()];
    const [one, other] = await Promise.all([second.ask('sign', order), third.ask('sign', order)]);
    expect(one).toEqual(other);
  });
});

describe('the name of a client', () => {
  test('Z-20: is its own, and the same at every connection', async () => {
    const server = await scriptedServer(FEATURES);
    const names: unknown[] = [];
    for (let n = 0; n < 2; n += 1) {
      const client = open(server);
      const registered = client.connect();
      const first = await server.connection();
      names.push((await first.accept({ stream: 'stream-a' }))['client_id']);
      await registered;
      first.socket.terminate();
      const again = await server.connection();
      expect((await again.accept({ stream: 'stream-a' }))['client_id']).toBe(names.at(-1));
    }
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9._:-]{1,64}$/);
  });

  test('Z-20: is not told to a server that does not know of several clients', async () => {
    const server = await scriptedServer();
    const registered = open(server).connect();
    const connection = await server.connection();
    expect(await connection.accept({ stream: 'stream-a' })).not.toHaveProperty('client_id');
    await registered;
  });

  test('Z-20: a client that is one too many of its user waits and tries again', async () => {
    const server = await scriptedServer(FEATURES);
    const registered = open(server).connect();
    const full = { success: false, message: 'too many', code: 'too_many_connections' };
    const first = await server.connection();
    await first.next();
    first.send({ type: 'register_complete', ...full });
    const second = await server.connection();
    await second.accept({ stream: 'stream-a' });
    await registered;
  });
});
