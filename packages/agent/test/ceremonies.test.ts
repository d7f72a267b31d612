import { verifySignature } from '@quorate/intent';
import { expect, test } from 'vitest';
import { fromHex } from '@quorate/intent';
import { startCluster } from './support/cluster.ts';

const people = ['alice', 'bob', '用户3'];

test('three people make a key and two of them sign with it', async () => {
  const cluster = await startCluster(people);
  const { address } = await cluster.client.keygen({
    session_key: 'k1',
    threshold: 2,
    total_parts: 3,
    participants: people,
  });
  const data = '5'.repeat(64);
  const { signature } = await cluster.client.sign({
    session_key: 's1',
    threshold: 2,
    total_parts: 3,
    data,
    address,
    participants: ['用户3', 'alice'],
  });
  expect(verifySignature(fromHex(data), fromHex(signature), address)).toBe(true);
});
