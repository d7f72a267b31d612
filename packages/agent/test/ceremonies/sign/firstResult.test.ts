import { fromHex, verifySignature } from '@quorate/intent';
import { expect, test } from 'vitest';
import { DATA, startClusterWithKey } from '../../support/cluster.ts';
import { eventually } from '../../../../../test/support/eventually.ts';

test('Y-5: whoever hears of the signature before it has its own result says that it has it too', async () => {
  const { cluster, address } = await startClusterWithKey(['alice', 'bob']);
  cluster.proxy.meddle = (message, direction, username) =>
    direction === 'to-agent' &&
    username === 'bob' &&
    message.type === 'round' &&
    message['round'] === 3
      ? []
      : [message];
  const signature = await cluster.sign('s1', address, ['alice', 'bob']);
  expect(verifySignature(fromHex(DATA), fromHex(signature), address)).toBe(true);
  await eventually(() => cluster.proxy.of('sign_result', 'bob').length > 0);
  expect(cluster.proxy.of('sign_result', 'bob')).toMatchObject([{ success: true, signature }]);
  const bob = cluster.member('bob');
  await eventually(() => bob.agent.sessions.length === 0);
  expect(bob.agent.state.sessions.read('s1', bob.index)).toMatchObject({
    state: 'completed',
    signature,
    settled: true,
  });
  const view = (): Promise<{ participants: { state: string }[]; notes?: string[] }> =>
    cluster.get('/sessions/s1');
  await expect
    .poll(async () => (await view()).participants.map(({ state }) => state))
    .toEqual(['finished', 'finished']);
  expect((await view()).notes).toBeUndefined();
});
