import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SecureElement } from '@quorate/secure-element';
import type { ReplacementAnswer, ReplacementStepAnswer } from '@quorate/wire';
import { beforeAll, describe, expect, test } from 'vitest';
import { changedChip } from '../support/changedChip.ts';
import { whenFileEnds } from '../../../../test/support/finished.ts';
import { readJournal, writeJournal } from '../../src/replacement/journal.ts';
import { type ReplaceOptions, replaceChip } from '../../src/replacement/replaceChip.ts';
import type { ReplacementService } from '../../src/replacement/service.ts';
import { openPins } from '../../src/roster/pins.ts';
import { chipPublicKey } from '../support/chipKeys.ts';
import { type Cluster, type Member, startCluster } from '../support/cluster.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import { failure } from '../support/failure.ts';
import { approve, newChip, openNew, replacing } from '../support/replacing.ts';

/** The coordinator, the chips and the disk belong to an adversary in turn; only the agent is honest. */
describe('a replacement that somebody meddles with', () => {
  let cluster: Cluster;
  let bob: Member;
  let addresses: string[];
  let file: string;

  const finished = whenFileEnds();

  beforeAll(async () => {
    cluster = await startCluster(['alice', 'bob'], {}, finished);
    addresses = [await cluster.keygen('key-1'), await cluster.keygen('key-2')];
    bob = cluster.member('bob');
    for (const address of addresses) {
      await eventually(() => bob.agent.state.keys.findByAddress(address)?.state === 'active');
    }
    file = await newChip(cluster, 'bob-2');
  });

  const options = (change: Partial<ReplaceOptions> = {}): ReplaceOptions =>
    replacing(cluster, bob, file, change);

  const service = (change: Partial<ReplacementService>): ReplacementService => ({
    ...options().service,
    ...change,
  });

  const usedOf = async (open: () => Promise<SecureElement>): Promise<number | null> => {
    const chip = await open();
    const { used } = await chip.info();
    await chip.close();
    return used;
  };

  test('does not begin while the agent runs', async () => {
    await expect(replaceChip(options())).rejects.toMatchObject({ code: 'store/locked' });
    await bob.agent.close();
  });

  test('E-9 the chip of the configuration must be the pinned one, and the new one another', async () => {
    const { old, fresh } = options();
    const swapped = { ...old, open: () => openNew(file) };
    await expect(replaceChip(options({ old: swapped }))).rejects.toMatchObject({
      code: 'roster/refused',
    });
    const chip = await cluster.openChip(bob);
    const twice = async (): Promise<SecureElement> =>
      changedChip(chip, { close: async () => undefined });
    const one = options({ old: { ...old, open: twice }, fresh: { ...fresh, open: twice } });
    await expect(replaceChip(one)).rejects.toThrow('the new chip is the old one');
    await chip.close();
  });

  test('a new chip under another authority, or without room, is refused before anything is asked', async () => {
    const foreign = await newChip(cluster, 'foreign', chipPublicKey());
    const { fresh } = options();
    const other = { ...fresh, open: () => openNew(foreign) };
    await expect(replaceChip(options({ fresh: other }))).rejects.toThrow('obeys another authority');
    for (const room of [
      { capacity: 1, used: 0 },
      { capacity: 3, used: 2 },
    ]) {
      const full = async (): Promise<SecureElement> => {
        const chip = await openNew(file);
        const info = chip.info.bind(chip);
        chip.info = async () => ({ ...(await info()), ...room });
        return chip;
      };
      await expect(replaceChip(options({ fresh: { ...fresh, open: full } }))).rejects.toThrow(
        'has room for 1 shards, and there are 2',
      );
    }
    expect(await options().service.open()).toBeUndefined();
  });

  test('no shard is left behind: the coordinator must name exactly those of this agent', async () => {
    const asked = await replaceChip(options());
    await approve(cluster, asked);
    const without = (answer: ReplacementAnswer): ReplacementAnswer => ({
      ...answer,
      shards: answer.shards.slice(1),
    });
    const honest = options().service;
    const forgetful = service({ find: async (id) => without(await honest.find(id)) });
    await expect(replaceChip(options({ service: forgetful }))).rejects.toThrow(
      'does not know the shard',
    );
    const more = service({
      find: async (id) => {
        const answer = await honest.find(id);
        const [shard] = answer.shards;
        if (shard === undefined) throw new Error('no shard');
        return { ...answer, shards: [...answer.shards, { ...shard, record_id: '0'.repeat(64) }] };
      },
    });
    await expect(replaceChip(options({ service: more }))).rejects.toThrow('no such shard');
    expect(await usedOf(() => openNew(file))).toBe(0);
  });

  test('E-2 the ciphertext of another key, or a changed one, is not sealed for the new chip', async () => {
    const honest = options().service;
    const seen = new Map<string, string>();
    const swapping = service({
      authorise: async (id, address, request) => {
        const answer = await honest.authorise(id, address, request);
        if (request.step !== 'release' || answer.encrypted_shard === undefined) return answer;
        seen.set(address, answer.encrypted_shard);
        const [foreign] = [...seen].filter(([one]) => one !== address).map(([, shard]) => shard);
        return { ...answer, encrypted_shard: foreign ?? turned(answer.encrypted_shard) };
      },
    });
    await expect(replaceChip(options({ service: swapping }))).rejects.toMatchObject({
      code: 'shard/tampered',
    });
    // The other key's ciphertext for both: it opens for the key that it is of, and for no other.
    const stolen = [...seen.values()][0] ?? '';
    const one = service({
      authorise: async (id, address, request) => {
        const answer = await honest.authorise(id, address, request);
        return request.step === 'release' ? { ...answer, encrypted_shard: stolen } : answer;
      },
    });
    await expect(replaceChip(options({ service: one }))).rejects.toMatchObject({
      code: 'shard/tampered',
    });
    expect(await usedOf(() => openNew(file))).toBeLessThan(2);
  });

  test('1.9.10 an authorisation that was made for the other chip, or is replayed, moves nothing', async () => {
    const honest = options().service;
    const answers: ReplacementStepAnswer[] = [];
    const replaying = service({
      authorise: async (id, address, request) => {
        answers.push(await honest.authorise(id, address, request));
        const [first] = answers;
        if (first === undefined) throw new Error('no answer');
        return { ...first, chip_challenge: request.chip_challenge };
      },
    });
    await expect(replaceChip(options({ service: replaying }))).rejects.toMatchObject({
      code: 'authorisation-refused',
    });
  });

  test('E-1 yesterday’s file of either chip is refused', async () => {
    const { old, fresh } = options();
    for (const [path, name] of [
      [bob.chipFile, 'old'],
      [file, 'new'],
    ] as const) {
      const copy = join(cluster.directory, `${name}.copy`);
      copyFileSync(path, copy);
      const present = join(cluster.directory, `${name}.present`);
      // Both chips are used, seen by the agent, and put back as they were before.
      const honest = options().service;
      const stop = service({
        authorise: async (id, address, request) => {
          await honest.authorise(id, address, request);
          throw new Error('stopped');
        },
      });
      await expect(replaceChip(options({ service: stop }))).rejects.toThrow('stopped');
      copyFileSync(path, present);
      copyFileSync(copy, path);
      await expect(replaceChip(options({ old, fresh }))).rejects.toMatchObject({
        code: 'chip/rolled-back',
      });
      copyFileSync(present, path);
    }
  });

  test('a sealed shard is given again unless the coordinator keeps exactly the proven ciphertext', async () => {
    const honest = options().service;
    const { fresh } = options();
    const full = async (): Promise<SecureElement> => {
      const chip = await openNew(file);
      const info = chip.info.bind(chip);
      chip.info = async () => ({ ...(await info()), capacity: addresses.length });
      return chip;
    };
    const given: string[] = [];
    const stopped = (change: (answer: ReplacementAnswer) => ReplacementAnswer) =>
      service({
        find: async (id) => change(await honest.find(id)),
        seal: async (id, address, seal) => {
          given.push(address);
          return honest.seal(id, address, seal);
        },
        switch: () => Promise.reject(new Error('stopped')),
      });
    const run = async (change: (answer: ReplacementAnswer) => ReplacementAnswer) => {
      given.length = 0;
      // The records that fill the new chip are those of this replacement.
      const one = options({ service: stopped(change), fresh: { ...fresh, open: full } });
      await expect(replaceChip(one)).rejects.toThrow('stopped');
      return given.toSorted();
    };
    const same = (answer: ReplacementAnswer): ReplacementAnswer => answer;
    await run(same);
    expect(await run(same)).toEqual([]);
    const journal = readJournal(bob.directory);
    if (journal === undefined) throw new Error('no journal');
    const unproven = Object.entries(journal.shards).map(
      ([address, shard]) => [address, { ...shard, proven: false }] as const,
    );
    writeJournal(bob.directory, { ...journal, shards: Object.fromEntries(unproven) });
    expect(await run(same)).toEqual(addresses.toSorted());
    const other = (sealed_hash: string | undefined) => (answer: ReplacementAnswer) => {
      const [first, ...rest] = answer.shards;
      if (first === undefined) throw new Error('no shard');
      const { sealed_hash: _, ...plain } = first;
      const changed = sealed_hash === undefined ? plain : { ...plain, sealed_hash };
      return { ...answer, shards: [changed, ...rest] };
    };
    for (const hash of ['00'.repeat(32), undefined]) {
      expect(await run(other(hash))).toHaveLength(1);
    }
  });

  test('R-15 peers refuse the new chip until a roster with a higher serial names it, and say so', async () => {
    const [address = ''] = addresses;
    expect(await replaceChip(options())).toMatchObject({ state: 'completed' });
    const chip = await openNew(file);
    const key = await chip.publicKey();
    await chip.close();
    await expect(cluster.start(bob, { chip: await openNew(file) })).rejects.toThrow(
      'import the roster with the new one',
    );
    const pins = (name: string) => openPins(join(cluster.member(name).directory, 'pins.json'));
    const [lower, equal, higher] = [
      cluster.roster(0, { bob: key }),
      cluster.roster(1, { bob: key }),
      cluster.roster(2, { bob: key }),
    ];
    for (const roster of [lower, equal]) {
      expect(() => pins('bob').importRoster(roster)).toThrow('expected more than 1');
    }
    expect(pins('bob').importRoster(higher)).toMatchObject([
      { username: 'bob', change: 'changed', before: expect.any(String), after: expect.any(String) },
    ]);
    await cluster.start(bob, { chip: await openNew(file) });
    const refused = await failure(cluster.sign('too-early', address, ['alice', 'bob']));
    expect(refused.message).toContain('needs the newest roster');
    await cluster.member('alice').agent.close();
    pins('alice').importRoster(higher);
    await cluster.start(cluster.member('alice'));
    for (const one of addresses) {
      expect(await cluster.sign(`sign-${one}`, one, ['alice', 'bob'])).toMatch(/^0x/);
    }
  });
});

function turned(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  return bytes.toString('base64');
}
