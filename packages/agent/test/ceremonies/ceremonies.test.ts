import { digestOf, fromHex, parsePayload, toHex, verifySignature } from '@quorate/intent';
import { describe, expect, test } from 'vitest';
import type { ApprovalRequest } from '../../src/approval/request.ts';
import { DATA, startCluster, startClusterWithKey } from '../support/cluster.ts';
import { failure } from '../support/failure.ts';
import { eventually } from '../../../../test/support/eventually.ts';

const people = ['alice', 'bob', '用户3'];

describe('key generation and signing', () => {
  test('three people make a key, and every pair of them signs with it', async () => {
    const { cluster, address } = await startClusterWithKey(people);
    const pairs = [
      ['用户3', 'alice'],
      ['alice', 'bob'],
      ['bob', '用户3'],
      ['bob', 'alice', '用户3'],
    ];
    for (const [at, signers] of pairs.entries()) {
      const signature = await cluster.sign(`s${at}`, address, signers);
      expect(verifySignature(fromHex(DATA), fromHex(signature), address)).toBe(true);
    }
    for (const { agent } of cluster.members) {
      expect(agent.state.keys.findByAddress(address)?.state).toBe('active');
      await eventually(() => agent.sessions.length === 0);
    }
  });

  test('many signatures of one key run at once, on one chip each', async () => {
    const { cluster, address } = await startClusterWithKey(people);
    const signatures = await Promise.all(
      Array.from({ length: 20 }, (_, at) => cluster.sign(`s${at}`, address, ['alice', 'bob'])),
    );
    for (const signature of signatures) {
      expect(verifySignature(fromHex(DATA), fromHex(signature), address)).toBe(true);
    }
    const record = cluster.member('alice').agent.state.keys.findByAddress(address);
    expect(record?.releases).toEqual({ confirmed: 20, outstanding: 0 });
  });

  test('keys survive a restart of every agent', async () => {
    const { cluster, address } = await startClusterWithKey(people);
    for (const member of cluster.members) await cluster.restart(member);
    const signature = await cluster.sign('s1', address, ['alice', 'bob']);
    expect(verifySignature(fromHex(DATA), fromHex(signature), address)).toBe(true);
  });

  test('a connection lost in the middle costs a session nothing', async () => {
    const { cluster, address } = await startClusterWithKey(people);
    const cut = new Set<string>();
    cluster.proxy.meddle = (message, direction, username) => {
      const stage = `${username} ${message.type} ${direction}`;
      if (['sign_params', 'round', 'sign_response'].includes(message.type) && !cut.has(stage)) {
        cut.add(stage);
        cluster.proxy.cut(username);
        return [];
      }
      return [message];
    };
    const signature = await cluster.sign('s1', address, ['alice', 'bob']);
    expect(verifySignature(fromHex(DATA), fromHex(signature), address)).toBe(true);
    expect(cut.size).toBe(8);
  });
});

describe('consent', () => {
  test('each participant is asked about what is signed, decoded, and whom it signs with', async () => {
    const asked: ApprovalRequest[] = [];
    const { cluster, address } = await startClusterWithKey(people);
    await cluster.restart(cluster.member('alice'), {
      approve: async (request) => {
        asked.push(request);
        return { accept: true };
      },
    });
    const payload = {
      kind: 'eip1559' as const,
      transaction: {
        chain_id: '1',
        nonce: '7',
        max_priority_fee_per_gas: '1',
        max_fee_per_gas: '2',
        gas_limit: '21000',
        to: address,
        value: '3',
        data: '0x',
      },
    };
    const data = toHex(digestOf(parsePayload(payload)));
    await cluster.sign('s1', address, ['bob', 'alice'], { data, payload, display: 'rent' });
    expect(asked).toMatchObject([
      {
        kind: 'sign',
        coordinator: 'carol',
        display: 'rent',
        payload: { kind: 'eip1559', transaction: { to: address } },
        participants: [
          { username: 'alice', partIndex: 1 },
          { username: 'bob', partIndex: 2 },
        ],
      },
    ]);
  });

  test('1.9.8 a decline ends the session for everybody, with who and why', async () => {
    const { cluster, address } = await startClusterWithKey(people);
    await cluster.restart(cluster.member('bob'), {
      approve: async () => ({ accept: false, reason: 'not on a Sunday' }),
    });
    const error = await failure(cluster.sign('s1', address, ['alice', 'bob']));
    expect(error.code).toBe('participant_declined');
    expect(`${error.message} ${error.details}`).toContain('bob');
    expect(`${error.message} ${error.details}`).toContain('not on a Sunday');
    const told = await cluster.proxy.until(
      (message, username) => message.type === 'error' && username === 'alice',
    );
    expect(told).toMatchObject({ session_key: 's1', code: 'participant_declined' });
    await eventually(() => cluster.member('alice').agent.sessions.length === 0);
    expect(cluster.member('bob').agent.state.used.find('s1')).toBeUndefined();
  });

  test('nothing is certified before consent, and a session that ended meanwhile is not asked about any more', async () => {
    const signals: AbortSignal[] = [];
    const cluster = await startCluster(people, { deadlines: { invitation: 300 } });
    await cluster.restart(cluster.member('alice'), {
      approve: (_, signal) => {
        signals.push(signal);
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ accept: true }));
        });
      },
    });
    const order = { session_key: 'k1', threshold: 2, total_parts: 3, participants: people };
    const error = await failure(cluster.client.ask('keygen', order));
    expect(error.code).toBe('timeout');
    expect(signals).toHaveLength(1);
    const [answer] = cluster.proxy.of('keygen_response', 'alice');
    expect(answer?.['accept'] ?? false).toBe(false);
    expect(cluster.member('alice').agent.state.used.find('k1')).toBeUndefined();
  });

  test('a participant who is not in the roster keeps the key from being made', async () => {
    const cluster = await startCluster(people);
    const token = await cluster.user('mallory', ['participant']);
    expect(token).toBeTypeOf('string');
    const participants = ['alice', 'bob', 'mallory'];
    const order = { session_key: 'k1', threshold: 2, total_parts: 3, participants };
    const error = await failure(cluster.client.ask('keygen', order));
    expect(error.code).not.toBe('failed');
    expect(cluster.member('alice').agent.state.keys.list()).toEqual([]);
  });
});
