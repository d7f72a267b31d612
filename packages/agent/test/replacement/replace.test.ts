import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readJournal } from '../../src/replacement/journal.ts';
import { replaceChip } from '../../src/replacement/replaceChip.ts';
import { openPins, type RosterChange } from '../../src/roster/pins.ts';
import { readAgentRecords } from '../../src/records/agentJournal.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import { type Cluster, type Member, startClusterWithKey } from '../support/cluster.ts';
import { approve, newChip, openNew, replacing } from '../support/replacing.ts';

const PEOPLE = ['alice', 'bob', 'dave'];
const PATIENCE = 60_000;

function importRoster({ directory }: Member, roster: string): readonly RosterChange[] {
  return openPins(join(directory, 'pins.json')).importRoster(roster);
}

async function clusterWithKey(): Promise<{ cluster: Cluster; bob: Member; address: string }> {
  const { cluster, address } = await startClusterWithKey(PEOPLE);
  const bob = cluster.member('bob');
  await eventually(() => bob.agent.state.keys.findByAddress(address)?.state === 'active');
  await bob.agent.close();
  return { cluster, bob, address };
}

describe('a new chip for a participant', () => {
  test(
    'takes over every shard; peers sign with it once a roster with a higher serial names it',
    async () => {
      const { cluster, bob, address } = await clusterWithKey();
      const file = await newChip(cluster, 'bob-2');
      const asked = await replaceChip(replacing(cluster, bob, file));
      expect(asked).toMatchObject({ state: 'requested', old_chip: { state: 'active' } });
      expect(await replaceChip(replacing(cluster, bob, file))).toMatchObject({ id: asked.id });
      await approve(cluster, asked);
      const done = await replaceChip(replacing(cluster, bob, file));
      expect(done).toMatchObject({
        state: 'completed',
        old_chip: { se_id: bob.seId, state: 'destroyed' },
        new_chip: { state: 'active' },
        shards: [{ address, state: 'deleted' }],
      });
      expect(readJournal(bob.directory)).toBeUndefined();
      expect(readFileSync(join(bob.directory, 'config.yaml'), 'utf8')).toContain(file);
      const chip = await openNew(file);
      const publicKey = await chip.publicKey();
      expect((await chip.info()).used).toBe(1);
      await chip.close();
      const old = await cluster.openChip(bob);
      expect((await old.info()).used).toBe(0);
      await old.close();
      const record = readAgentRecords(bob.directory).keyByAddress(address);
      expect(record?.releases).toEqual({ confirmed: 1, outstanding: 0 });
      await cluster.member('alice').agent.close();
      const roster = cluster.roster(2, { bob: publicKey });
      for (const name of ['alice', 'bob']) importRoster(cluster.member(name), roster);
      await cluster.start(cluster.member('alice'));
      await cluster.start(bob, { chip: await openNew(file) });
      expect(bob.log.join('\n')).toContain('this chip is software');
      expect(await cluster.sign('after', address, ['alice', 'bob'])).toMatch(/^0x/);
    },
    PATIENCE,
  );
});
