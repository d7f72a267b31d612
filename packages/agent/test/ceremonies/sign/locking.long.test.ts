import { createHash, createPublicKey, verify } from 'node:crypto';
import { join } from 'node:path';
import { decodeCertificate, fromHex, roundSigningInput, verifySignature } from '@quorate/intent';
import { describe, expect, test } from 'vitest';
import {
  type Cluster,
  type ClusterOptions,
  DATA,
  kill,
  keyOnDisk,
  startClusterWithKey,
} from '../../support/cluster.ts';
import { flipFirstPairwise } from '../../support/evil.ts';
import { evilPool } from '../../support/evilPool.ts';
import { failure } from '../../support/failure.ts';
import { fillUp, useFullDisk } from '../../support/fullDisk.ts';
import { eventually } from '../../../../../test/support/eventually.ts';
import type { Frame } from '../../support/relay.ts';

useFullDisk();

const people = ['alice', 'bob', 'carl'];

/** A key of three, of whom bob lies to alice in the first round of every signature from now on. */
async function withLiar(
  options: ClusterOptions = {},
): Promise<{ cluster: Cluster; address: string }> {
  const { cluster, address } = await startClusterWithKey(people, options);
  await cluster.restart(cluster.member('bob'), { pool: evilPool(flipFirstPairwise(1)) });
  return { cluster, address };
}

const bansOf = (cluster: Cluster, address: string) =>
  cluster
    .member('alice')
    .agent.state.keys.findByAddress(address)
    ?.bans.map((ban) => ban.part_index);

describe('ban', () => {
  test('O-12: a ban is named, survives a restart, and refuses the pair but nobody else', async () => {
    const { cluster, address } = await withLiar();
    const first = await failure(cluster.sign('s1', address, ['alice', 'bob']));
    expect(first.message).toMatch(/by part 2/);
    expect(bansOf(cluster, address)).toEqual([2]);

    await cluster.restart(cluster.member('alice'));
    expect(bansOf(cluster, address)).toEqual([2]);
    const again = await failure(cluster.sign('s2', address, ['alice', 'bob']));
    expect(again.message).toMatch(/pair_banned/);
    expect(cluster.proxy.of('sign_response', 'alice').at(-1)?.['accept']).toBe(false);

    const signature = await cluster.sign('s3', address, ['alice', 'carl']);
    expect(verifySignature(fromHex(DATA), fromHex(signature), address)).toBe(true);
  });

  test('O-12: the ban is on disk before anything is said about it', async () => {
    const { cluster, address } = await withLiar();
    const alice = cluster.member('alice');
    const onDisk: unknown[] = [];
    cluster.proxy.meddle = (message, direction, username) => {
      if (message.type === 'sign_result' && username === 'alice' && direction === 'to-server') {
        onDisk.push(keyOnDisk(alice, address).bans);
      }
      return [message];
    };
    await failure(cluster.sign('s1', address, ['alice', 'bob']));
    expect(onDisk).toMatchObject([[{ part_index: 2, session_key: 's1' }]]);
  });

  test('O-12: the ban survives SIGKILL in the moment in which it is announced', async () => {
    const { cluster, address } = await withLiar();
    const alice = cluster.member('alice');
    await alice.agent.close();
    const child = await cluster.spawn(alice);
    let gone: Promise<void> | undefined;
    cluster.proxy.meddle = (message, direction, username) => {
      if (message.type === 'sign_result' && username === 'alice' && direction === 'to-server') {
        gone ??= kill(child);
        return [];
      }
      return [message];
    };
    const failed = failure(cluster.sign('s1', address, ['alice', 'bob']));
    await cluster.proxy.until((message, who) => message.type === 'sign_result' && who === 'alice');
    await gone;
    cluster.proxy.meddle = (message) => [message];
    await cluster.start(alice);
    await failed;
    expect(bansOf(cluster, address)).toEqual([2]);
    const again = await failure(cluster.sign('s2', address, ['alice', 'bob']));
    expect(again.message).toMatch(/pair_banned/);
  });

  test('O-12: a ban that is found while the coordinator ends the session is kept, also when the agent stops then', async () => {
    const { cluster, address } = await withLiar({ deadlines: { round: 4000 } });
    const alice = cluster.member('alice');
    const held: Frame[] = [];
    let ended: Promise<void> | undefined;
    cluster.proxy.meddle = (message, direction, username) => {
      if (message.type !== 'round' || direction !== 'to-agent' || username !== 'alice') {
        return [message];
      }
      held.push(message);
      if (held.length === 2) {
        const over = {
          type: 'error',
          session_key: 's1',
          code: 'aborted',
          message: '',
          details: '',
        };
        const speaks = cluster.proxy.until((one, who) => one.type === 'round' && who === 'alice');
        ended = speaks.then(() => cluster.proxy.inject('alice', [...held, over]));
      }
      return [];
    };
    const first = failure(cluster.sign('s1', address, ['alice', 'bob']));
    await eventually(() =>
      alice.log.some((line) => line.includes('"session over"') && line.includes('s1')),
    );
    await ended;
    await cluster.restart(alice);
    await first;
    cluster.proxy.meddle = (message) => [message];
    expect(bansOf(cluster, address)).toEqual([2]);
    const again = await failure(cluster.sign('s2', address, ['alice', 'bob']));
    expect(again.message).toMatch(/pair_banned/);
  });

  /** The lie reaches alice when she has released her shard and spoken: her next write is the ban. */
  const withFullDisk = async (): Promise<{
    cluster: Cluster;
    address: string;
    free: () => void;
  }> => {
    const { cluster, address } = await withLiar({ deadlines: { round: 4000 } });
    const journal = join(cluster.member('alice').directory, 'state.journal');
    let free = (): void => undefined;
    const held: Frame[] = [];
    let spoken = false;
    cluster.proxy.meddle = (message, direction, username) => {
      if (message.type !== 'round' || username !== 'alice' || message['round'] !== 1) {
        return [message];
      }
      if (direction === 'to-agent' && !spoken) {
        held.push(message);
        return [];
      }
      if (direction === 'to-server' && !spoken) {
        spoken = true;
        free = fillUp(journal);
        cluster.proxy.inject('alice', held);
      }
      return [message];
    };
    return { cluster, address, free: () => free() };
  };

  test('O-12: a ban that the disk does not take is told to nobody, and the agent stops using the key', async () => {
    const { cluster, address, free } = await withFullDisk();
    const alice = cluster.member('alice');
    const ban = { part_index: 3, session_key: 'other', reason: 'x', at: 1 };
    // Nor is there room in the reserve.
    const { reserve } = alice.agent.state;
    for (let at = 0; at < 64; at += 1) reserve.keep(`0x${'00'.repeat(20)}`, [ban]);
    const first = await failure(cluster.sign('s1', address, ['alice', 'bob']));
    expect(first.code).toBe('timeout');
    expect(cluster.proxy.of('sign_result', 'alice')).toEqual([]);
    expect(alice.log.join('\n')).toContain('a ban cannot be written');
    expect(bansOf(cluster, address)).toEqual([2]);
    free();
    const { keys } = alice.agent.state;
    expect(keys.isStopped(keys.findByAddress(address)?.key_id ?? '')).toBe(true);
    // It claims nothing of the coordinator's messages as processed any more, and so registers no more.
    await eventually(() => alice.agent.status !== 'registered');
  });

  test('X-6: a ban that a full disk takes into the reserve only is told, and holds after a restart', async () => {
    const { cluster, address, free } = await withFullDisk();
    const alice = cluster.member('alice');
    const first = await failure(cluster.sign('s1', address, ['alice', 'bob']));
    expect(first.code).toBe('aborted');
    expect(keyOnDisk(alice, address).bans).toMatchObject([{ part_index: 2, session_key: 's1' }]);
    const { keys } = alice.agent.state;
    expect(keys.isStopped(keys.findByAddress(address)?.key_id ?? '')).toBe(true);
    free();
    await cluster.restart(alice);
    expect(bansOf(cluster, address)).toEqual([2]);
    const again = await failure(cluster.sign('s3', address, ['alice', 'bob']));
    expect(again.message).toMatch(/banned/);
    const signature = await cluster.sign('s4', address, ['alice', 'carl']);
    expect(verifySignature(fromHex(DATA), fromHex(signature), address)).toBe(true);
  });

  test('O-12: all other sessions with the banned party end, those without it complete', async () => {
    const { cluster, address } = await withLiar();
    const alice = cluster.member('alice');
    const onDisk: unknown[] = [];
    cluster.proxy.meddle = (message, _direction, username) => {
      if (message.type === 'sign_result' && username === 'alice' && message['success'] === false) {
        onDisk.push(keyOnDisk(alice, address).bans.length);
      }
      return [message];
    };
    const withBob = Array.from({ length: 5 }, (_, at) =>
      failure(cluster.sign(`b${at}`, address, ['alice', 'bob'])),
    );
    const without = cluster.sign('c', address, ['alice', 'carl']);
    const errors = await Promise.all(withBob);
    for (const error of errors) expect(error.message).toMatch(/part 2|pair_banned|banned/);
    expect(new Set(onDisk)).toEqual(new Set([1]));
    expect(verifySignature(fromHex(DATA), fromHex(await without), address)).toBe(true);
    expect(bansOf(cluster, address)).toEqual([2]);
  });

  test('R-7: whoever says two things is named to everybody, and the proof stays with the agent', async () => {
    const { cluster, address } = await startClusterWithKey(people);
    await cluster.restart(cluster.member('bob'), { pool: evilPool((message) => message, true) });
    // An honest coordinator keeps the second version back; this one passes it on.
    const slots = new Set<string>();
    cluster.proxy.meddle = (message, direction, username) => {
      if (message.type !== 'round' || direction !== 'to-server' || username !== 'bob') {
        return [message];
      }
      const slot = JSON.stringify([message['round'], message['to']]);
      if (!slots.has(slot)) {
        slots.add(slot);
        return [message];
      }
      cluster.proxy.inject('alice', { ...message, cseq: undefined });
      return [];
    };
    await failure(cluster.sign('s1', address, ['alice', 'bob']));
    const result = await cluster.proxy.until(
      (message, username) => message.type === 'sign_result' && username === 'alice',
    );
    expect(result['abort']).toMatchObject({ reason: 'equivocation', culprits: [2] });
    expect(bansOf(cluster, address)).toEqual([]);
    const evidence = cluster.member('alice').agent.state.evidence.read('s1')!;
    expect(evidence).toMatchObject({ reason: 'equivocation', culprits: [2] });
    expect(evidence.certificates).toHaveLength(2);
    const [first, second] = evidence.messages;
    expect(first?.plaintext).not.toBe(second?.plaintext);
    const certificate = decodeCertificate(evidence.certificates[1]!);
    for (const { round, from, to, plaintext, signature } of evidence.messages) {
      const hash = createHash('sha256').update(Buffer.from(plaintext, 'base64')).digest();
      const input = roundSigningInput(fromHex(evidence.session_id), round, from, to, hash);
      const x = Buffer.from(certificate.ed25519).toString('base64url');
      const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } });
      expect(verify(null, input, key, Buffer.from(signature, 'base64'))).toBe(true);
    }
  });

  test('a timeout or a lost peer bans nobody', async () => {
    const { cluster, address } = await startClusterWithKey(people, { deadlines: { round: 4000 } });
    cluster.proxy.meddle = (message, direction) =>
      message.type === 'round' && direction === 'to-agent' ? [] : [message];
    const error = await failure(cluster.sign('s1', address, ['alice', 'bob']));
    expect(error.code).toBe('timeout');
    for (const { agent } of cluster.members) {
      expect(agent.state.keys.findByAddress(address)?.bans).toEqual([]);
    }
    const { sessions } = cluster.member('alice').agent.state;
    await eventually(() => sessions.read('s1', 1)?.state === 'failed');
  });
});

test('N-12: whoever has sent its last round and sees no signature reports an unknown outcome', async () => {
  const { cluster, address } = await startClusterWithKey(people, { deadlines: { round: 4000 } });
  cluster.proxy.meddle = (message, direction) =>
    message.type === 'round' && message['round'] === 3 && direction === 'to-agent' ? [] : [message];
  const error = await failure(cluster.sign('s1', address, ['alice', 'bob']));
  expect(error.code).toBe('unknown_outcome');
  const state = (name: string, index: number) =>
    cluster.member(name).agent.state.sessions.read('s1', index)?.state;
  await eventually(() => state('alice', 1) === 'unknown_outcome');
  await eventually(() => state('bob', 2) === 'unknown_outcome');
});
