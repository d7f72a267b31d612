import { beforeAll, describe, expect, test } from 'vitest';
import { whenFileEnds } from '../../../../test/support/finished.ts';
import { CoordinatorClient } from '../../src/client/client.ts';
import { type Cluster, startClusterWithKey } from '../support/cluster.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import { failure } from '../support/failure.ts';
import { scriptedServer } from '../support/relay.ts';

describe('a session that is cancelled', () => {
  let cluster: Cluster;
  let address: string;

  const finished = whenFileEnds();

  beforeAll(async () => {
    ({ cluster, address } = await startClusterWithKey(['alice', 'bob', 'carl'], {}, finished));
  });

  test('Y-7: ends at every participant in the middle of its rounds, and at its asker', async () => {
    let held = 0;
    cluster.proxy.meddle = (message, direction) => {
      if (direction !== 'to-agent' || message.type !== 'round' || message['round'] !== 2) {
        return [message];
      }
      held += 1;
      return [];
    };
    const failed = failure(cluster.sign('s1', address, ['alice', 'bob']));
    await eventually(() => held > 1);
    expect(await cluster.client.cancel('s1')).toBe('failed');
    expect(await failed).toMatchObject({ code: 'cancelled', details: 'cancelled by carol' });
    for (const name of ['alice', 'bob']) {
      const { agent, index } = cluster.member(name);
      await eventually(() => agent.sessions.length === 0);
      expect(agent.state.sessions.read('s1', index)).toMatchObject({
        state: 'failed',
        reason: 'cancelled',
        settled: true,
      });
    }
    cluster.proxy.meddle = (message) => [message];
    expect(await cluster.client.cancel('s1')).toBe('failed');
    await cluster.sign('s2', address, ['alice', 'bob']);
    expect(await cluster.client.cancel('s2')).toBe('completed');
  });

  test('Y-7: takes the question back from whoever is asked', async () => {
    const member = cluster.member('carl');
    let withdrawn = false;
    await cluster.restart(member, {
      approve: (_, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            withdrawn = true;
            resolve({ accept: false, reason: 'withdrawn' });
          });
        }),
    });
    const failed = failure(cluster.sign('s3', address, ['alice', 'carl']));
    await eventually(() => member.agent.sessions.includes('s3'));
    await cluster.client.cancel('s3');
    expect(await failed).toMatchObject({ code: 'cancelled' });
    await eventually(() => withdrawn);
    expect(cluster.proxy.of('sign_response', 'carl')).toEqual([]);
  });

  test('Y-7: of somebody else is refused', async () => {
    const error = await failure(cluster.client.cancel('nobody-has-this'));
    expect(error).toMatchObject({ code: 'unknown_session' });
  });

  test('Z-6: closing a destruction is for administrators', async () => {
    const error = await failure(cluster.client.closeDestruction('s1', 'the chip is lost'));
    expect(error).toMatchObject({ code: 'forbidden_role' });
  });
});

test('Y-7: a coordinator of the version before is not sent what it does not know', async () => {
  const server = await scriptedServer();
  const token = async (): Promise<string> => 'token';
  const client = new CoordinatorClient({ url: server.url, username: 'carol', token });
  const connected = client.connect();
  const connection = await server.connection();
  await connection.accept();
  await connected;
  await expect(client.cancel('s1')).rejects.toMatchObject({ code: 'session/refused' });
  const closed = client.closeDestruction('s1', 'lost');
  await expect(closed).rejects.toMatchObject({ code: 'session/refused' });
  await client.close();
  expect(server.frames.map(({ type }) => type)).toEqual(['register']);
});
