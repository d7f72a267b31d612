import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SecureElementError } from '@quorate/secure-element';
import { describe, expect, test } from 'vitest';
import type { ApprovalRequest } from '../../../src/approval/request.ts';
import {
  type Cluster,
  DATA,
  type Member,
  startCluster,
  startClusterWithKey,
} from '../../support/cluster.ts';
import { eventually } from '../../../../../test/support/eventually.ts';
import { expectDestroyed, keyOf, NAMES, records } from '../../support/destroyed.ts';
import { failure } from '../../support/failure.ts';
import type { Frame } from '../../support/relay.ts';

async function expectAlive(cluster: Cluster, address: string): Promise<void> {
  expect(await keyOf(cluster, address)).toMatchObject({ state: 'active' });
  for (const member of cluster.members) {
    expect(member.agent.state.keys.findByAddress(address)?.state).toBe('active');
    expect(await records(cluster, member)).toBe(1);
  }
}

describe('a destruction', () => {
  test('deletes the record of every chip, which then say so, and is shown to every holder', async () => {
    const cluster = await startCluster(NAMES);
    const shown: ApprovalRequest[] = [];
    await cluster.restart(cluster.members[0]!, {
      approve: async (request) => {
        shown.push(request);
        return { accept: true };
      },
    });
    const address = await cluster.keygen('k');
    const { parts } = await cluster.destroy('d', address, { reason: 'the office is closed' });
    expect(parts).toEqual(
      NAMES.map((username, at) => ({ username, part_index: at + 1, outcome: 'deleted' })),
    );
    expect(shown.at(-1)).toMatchObject({
      kind: 'destroy',
      address,
      reason: 'the office is closed',
    });
    await expectDestroyed(cluster, address);
    expect(await failure(cluster.sign('s', address, NAMES))).toMatchObject({
      code: 'key_destroyed',
    });
    expect(await failure(cluster.destroy('d2', address))).toMatchObject({ code: 'key_destroyed' });
    // A destruction that is over counts as no session, before a restart and after it.
    for (const { agent } of cluster.members) await eventually(() => agent.sessions.length === 0);
    const agent = await cluster.restart(cluster.members[0]!);
    await eventually(() => agent.sessions.length === 0);
  });

  test('leaves everything as it was when one holder declines', async () => {
    const { cluster, address } = await startClusterWithKey(NAMES);
    const [, ben] = cluster.members;
    await cluster.restart(ben!, {
      approve: async ({ kind }) =>
        kind === 'destroy' ? { accept: false, reason: 'it is in use' } : { accept: true },
    });
    const error = await failure(cluster.destroy('d', address));
    expect(error).toMatchObject({ code: 'participant_declined' });
    expect(String(error)).toMatch(/it is in use \(ben\)/);
    await eventually(
      () => cluster.members[0]!.agent.state.keys.findByAddress(address)?.destruction === undefined,
    );
    expect(cluster.proxy.of('destroy_params')).toEqual([]);
    await expectAlive(cluster, address);
    await cluster.sign('s', address, NAMES);
  });
});

describe('a destruction goes on', () => {
  test.each([
    ['is lost after it deleted', true],
    ['does not come to the chip', false],
  ])('at the next register when a command %s', async (_, deletes) => {
    const { cluster, address } = await startClusterWithKey(NAMES);
    const [ann] = cluster.members as [Member];
    await ann.agent.close();
    const chip = await cluster.openChip(ann);
    const remove = chip.delete.bind(chip);
    let broken = true;
    chip.delete = async (request) => {
      if (!broken) return remove(request);
      if (deletes) await remove(request);
      throw new SecureElementError('chip-failure', 'the reader is gone');
    };
    await cluster.start(ann, { chip });
    const destroyed = cluster.destroy('d', address);
    const told = await cluster.proxy.until(
      ({ type, success }) => type === 'destroy_result' && success === false,
    );
    expect(told['message']).toMatch(/chip_refused/);
    expect(await keyOf(cluster, address)).toMatchObject({ state: 'destroying' });
    expect(ann.agent.state.keys.findByAddress(address)?.state).toBe('destroying');
    broken = false;
    await cluster.restart(ann);
    await destroyed;
    await expectDestroyed(cluster, address);
  });

  test('when the disk does not take the receipt: nothing is said before it does', async () => {
    const { cluster, address } = await startClusterWithKey(NAMES);
    const [ann] = cluster.members as [Member];
    const { keys } = ann.agent.state;
    const update = keys.update.bind(keys);
    keys.update = (of, change) =>
      update(of, (record) => {
        const changed = change(record);
        if (changed.state === 'destroyed') throw new Error('no space left on device');
        return changed;
      });
    const destroyed = cluster.destroy('d', address);
    await cluster.proxy.until(
      ({ type, success }, who) => type === 'destroy_result' && who === 'ann' && success === false,
    );
    expect(keys.findByAddress(address)?.state).toBe('destroying');
    expect((await keyOf(cluster, address)).holders[0]?.record_state).toBe('held');
    await cluster.restart(ann);
    await destroyed;
    await expectDestroyed(cluster, address);
  });
});

describe('an agent deletes nothing', () => {
  const changes: readonly [string, (params: Frame) => object, RegExp][] = [
    ['the record', () => ({ record_id: 'ab'.repeat(32) }), /parameters_changed/],
    ['the reason', () => ({ reason_hash: 'ab'.repeat(32) }), /parameters_changed/],
    ['the parties', () => ({ parties: '1' }), /parameters_changed/],
    [
      'a missing consent',
      (params) => ({ peers: (params['peers'] as object[]).slice(0, 1) }),
      /certificate: none of part 2/,
    ],
    [
      'a consent in another name',
      (params) => {
        const [own, other] = params['peers'] as { session_certificate: string }[];
        return { peers: [own, { ...other, session_certificate: own?.session_certificate }] };
      },
      /certificate: part 2's certificate is for another session/,
    ],
  ];

  test('1.9.9 when the parameters are not those that everybody consented to', async () => {
    const cluster = await startCluster(NAMES);
    const [ann] = cluster.members as [Member];
    for (const [name, change, why] of changes) {
      const address = await cluster.keygen(`k ${name}`.replaceAll(' ', '-'));
      const session = `d ${name}`.replaceAll(' ', '-');
      cluster.proxy.meddle = (message, _, who) => {
        if (who !== 'ann' || message.type !== 'destroy_params') return [message];
        return [{ ...message, ...change(message) }];
      };
      cluster.destroy(session, address).catch(() => undefined);
      const answer = await cluster.proxy.until(
        ({ type, session_key }, who) =>
          type === 'destroy_result' && who === 'ann' && session_key === session,
      );
      expect(answer, name).toMatchObject({ success: false });
      expect(answer['message']).toMatch(why);
      expect(ann.agent.state.keys.findByAddress(address)?.state).toBe('active');
    }
    cluster.proxy.meddle = (message) => (message.type === 'destroy_params' ? [] : [message]);
    expect(await records(cluster, ann)).toBe(changes.length);
  }, 120_000);

  test('and says so when its chip says that it deleted and still has the record', async () => {
    const { cluster, address } = await startClusterWithKey(NAMES);
    const [ann] = cluster.members as [Member];
    await ann.agent.close();
    const chip = await cluster.openChip(ann);
    chip.delete = async () => ({ used: 0 });
    await cluster.start(ann, { chip });
    cluster.destroy('d', address).catch(() => undefined);
    const told = await cluster.proxy.until(
      ({ type }, who) => type === 'destroy_result' && who === 'ann',
    );
    expect(told).toMatchObject({ success: false });
    expect(told['message']).toMatch(/the chip still has the record/);
    expect(ann.agent.state.keys.findByAddress(address)?.state).toBe('destroying');
    expect((await keyOf(cluster, address)).holders[0]?.record_state).toBe('held');
  });

  test('when too few others are asked, so that the rest could still sign; and signs nothing afterwards', async () => {
    const { cluster, address } = await startClusterWithKey([...NAMES, 'cid']);
    const everybody = cluster.members.map(({ username }) => username);
    cluster.proxy.meddle = (message) =>
      message.type === 'destroy_invite' ? [{ ...message, participants: ['ann'] }] : [message];
    const error = await failure(cluster.destroy('d', address, { participants: everybody }));
    expect(String(error)).toMatch(/too_many_absent|we are not invited/);
    const declined = await cluster.proxy.until(
      ({ type }, who) => type === 'destroy_response' && who === 'ann',
    );
    expect(declined['reason']).toMatch(/too_many_absent: 2 holders are not asked, and 2 can sign/);
    cluster.proxy.meddle = (message) => [message];
    await cluster.destroy('d2', address, { participants: everybody });
    // A coordinator that has forgotten the destruction asks for a signature.
    const invite = { session_key: 's', part_index: 1, se_id: 'SE-1', coordinator: 'carol' };
    cluster.proxy.inject('ann', {
      type: 'sign_invite',
      ...invite,
      data: DATA,
      address,
      participants: ['ann', 'ben'],
      threshold: 2,
      total_parts: 3,
      expires_at: Date.now() + 60_000,
    });
    const answer = await cluster.proxy.until(({ type }) => type === 'sign_response');
    expect(answer).toMatchObject({ accept: false });
    expect(answer['reason']).toMatch(/key_destroyed/);
  });

  test('1.9.9 for parameters of a session that it was not asked about, even with a good authorisation', async () => {
    const { cluster, address } = await startClusterWithKey(NAMES);
    const other = await cluster.keygen('k2');
    await cluster.destroy('d', other);
    const [params] = cluster.proxy.of('destroy_params', 'ann');
    const [ann] = cluster.members as [Member];
    const { record_id } = ann.agent.state.keys.findByAddress(address)!;
    for (const injected of [
      { ...params, session_key: 'unknown', address, record_id, seq: undefined },
      { ...params, address, record_id, seq: undefined },
      { ...params, seq: undefined },
    ]) {
      cluster.proxy.inject('ann', injected);
    }
    await cluster.sign('s', address, NAMES);
    await expectAlive(cluster, address);
  });

  test('of a live key for what was signed to delete an orphan, and consents with nothing an orphan could use', async () => {
    const { cluster, address } = await startClusterWithKey(NAMES);
    const [ann] = cluster.members as [Member];
    await eventually(() => ann.agent.state.keys.findByAddress(address)?.state === 'active');
    const { record_id } = ann.agent.state.keys.findByAddress(address)!;
    const notice = { type: 'orphan_notice', session_key: 'k', part_index: 1, record_id, address };
    cluster.proxy.inject('ann', { ...notice, reason: 'timeout' });
    const refused = await cluster.proxy.until(({ type }) => type === 'orphan_result');
    expect(refused).toMatchObject({ success: false, message: 'the key is in use' });
    expect(cluster.proxy.of('orphan_response')).toEqual([]);
    // The coordinator does not take the consent to a destruction for an orphan's certificate.
    cluster.proxy.meddle = (message, where) => {
      if (message.type !== 'destroy_response' || where !== 'to-server') return [message];
      const { session_certificate, chip_challenge, cpic, part_index } = message;
      const orphan = { type: 'orphan_response', session_key: 'k', part_index, cpic };
      return [{ ...orphan, session_certificate, chip_challenge }, message];
    };
    const destroyed = cluster.destroy('d', address);
    const error = await cluster.proxy.until(
      ({ type, session_key }) => type === 'error' && session_key === 'k',
    );
    expect(error).toMatchObject({ code: 'orphan_unknown' });
    await destroyed;
    await expectDestroyed(cluster, address);
  });

  test('by a policy, or without a person, unless that is said', async () => {
    const { cluster, address } = await startClusterWithKey(NAMES);
    const [ann] = cluster.members as [Member];
    await ann.agent.close();
    const file = join(ann.directory, 'config.yaml');
    const config = readFileSync(file, 'utf8').replace('allow_destroy: true\n', '');
    const { parseAgentConfig } = await import('../../../src/config.ts');
    await cluster.start(ann, { config: parseAgentConfig(config) });
    const error = await failure(cluster.destroy('d', address));
    expect(String(error)).toMatch(/does not destroy keys without a person \(ann\)/);
    await expectAlive(cluster, address);
  });
});
