import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Member, startCluster } from '../../support/cluster.ts';
import { failure } from '../../support/failure.ts';

test('1.3 an orphan of which the agent knows nothing any more is deleted by the chip, not by a word', async () => {
  const cluster = await startCluster(['ann', 'ben']);
  const [ann] = cluster.members as [Member];
  cluster.proxy.meddle = (message, direction, who) => {
    if (message.type === 'orphan_notice') return [];
    if (who !== 'ann' || direction !== 'to-server' || message['success'] !== true) return [message];
    const { type, session_key, part_index, cpic, address, record_id } = message;
    const result = { type, session_key, part_index, cpic, address, record_id };
    return [{ ...result, encrypted_shard: '', success: false, message: 'the disk is full' }];
  };
  const order = { session_key: 'k', threshold: 2, total_parts: 2, participants: ['ann', 'ben'] };
  await failure(cluster.client.ask('keygen', order));
  await ann.agent.close();
  const used = async (): Promise<number | null> => {
    const chip = await cluster.openChip(ann);
    const info = await chip.info();
    await chip.close();
    return info.used;
  };
  expect(await used()).toBe(1);
  // An older copy of the directory, from before the key generation.
  const keys = join(ann.directory, 'keys');
  for (const name of readdirSync(keys)) rmSync(join(keys, name));
  cluster.proxy.meddle = (message) => [message];
  await cluster.start(ann);
  const answer = await cluster.proxy.until(
    ({ type }, who) => type === 'orphan_result' && who === 'ann',
  );
  expect(answer).toMatchObject({ success: true });
  await ann.agent.close();
  expect(await used()).toBe(0);
});
