import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex, verifySignature } from '@quorate/intent';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { whenFileEnds } from '../../../../test/support/finished.ts';
import { type Cluster, DATA, startClusterWithKey } from '../support/cluster.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import { failure } from '../support/failure.ts';
import type { Frame } from '../support/relay.ts';

const people = ['alice', 'bob', 'carl'];
/** q of secp256k1. */
const ORDER = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141';

/** The network and the coordinator's mouth belong to an adversary; the agents are on their own. */
describe('agents against a hostile relay', () => {
  let cluster: Cluster;
  let address: string;

  const finished = whenFileEnds();

  beforeAll(async () => {
    ({ cluster, address } = await startClusterWithKey(people, {}, finished));
  });

  afterEach(() => {
    cluster.proxy.meddle = (message) => [message];
  });

  const verifies = (signature: string): boolean =>
    verifySignature(fromHex(DATA), fromHex(signature), address);

  const roundsOf = (sessionKey: string, username?: string): Frame[] =>
    cluster.proxy.seen
      .filter((one) => one.direction === 'to-server' && one.message.type === 'round')
      .filter((one) => (username ?? one.username) === one.username)
      .map((one) => one.message)
      .filter((message) => message['session_key'] === sessionKey);

  /** Changes the parameters that one agent gets, and gives what it answers. */
  async function withParams(
    sessionKey: string,
    type: 'sign_params' | 'keygen_params',
    change: (params: Frame) => object,
  ): Promise<Frame> {
    cluster.proxy.meddle = (message, _, username) =>
      message.type === type && username === 'alice' && message['session_key'] === sessionKey
        ? [{ ...message, ...change(message) }]
        : [message];
    const participants = type === 'sign_params' ? ['alice', 'bob'] : people;
    const order = { session_key: sessionKey, threshold: 2, total_parts: 3, participants };
    await failure(
      type === 'sign_params'
        ? cluster.client.ask('sign', { ...order, data: DATA, address })
        : cluster.client.ask('keygen', order),
    );
    const result = type === 'sign_params' ? 'sign_result' : 'keygen_result';
    return cluster.proxy.until(
      (message, username) =>
        message.type === result && username === 'alice' && message['session_key'] === sessionKey,
    );
  }

  test('1.9.9 sign_params other than what was accepted are refused before round 1', async () => {
    const peersOf = (params: Frame) => params['peers'] as Frame[];
    const changes: Record<string, (params: Frame) => object> = {
      data: () => ({ data: Buffer.alloc(32, 6).toString('base64') }),
      address: () => ({ address: `0x${'1'.repeat(40)}` }),
      parties: () => ({ parties: '1,3' }),
      renumbered: () => ({ parties: '1,2,3' }),
      part_index: () => ({ part_index: 2 }),
      record_id: () => ({ record_id: '0'.repeat(64) }),
      chip_challenge: () => ({ chip_challenge: Buffer.alloc(16).toString('base64') }),
      peers: (params) => ({
        peers: peersOf(params)
          .toReversed()
          .map((peer, at) => ({ ...peer, part_index: at + 1 })),
      }),
    };
    for (const [name, change] of Object.entries(changes)) {
      const answer = await withParams(`p-${name}`, 'sign_params', change);
      expect(answer, name).toMatchObject({ success: false, signature: '' });
      expect(answer['message'], name).toMatch(/parameters_changed|certificate/);
      expect(roundsOf(`p-${name}`, 'alice'), name).toEqual([]);
    }
  });

  test('1.9.9 keygen_params other than what was accepted are refused before round 1', async () => {
    const changes: Record<string, () => object> = {
      threshold: () => ({ threshold: 3 }),
      total_parts: () => ({ total_parts: 4 }),
      part_index: () => ({ part_index: 2 }),
    };
    for (const [name, change] of Object.entries(changes)) {
      const answer = await withParams(`q-${name}`, 'keygen_params', change);
      expect(answer['message'], name).toMatch(/parameters_changed/);
      expect(roundsOf(`q-${name}`, 'alice'), name).toEqual([]);
    }
  });

  test('1.9.9 parameters that are replayed, with a number or without, change nothing', async () => {
    const params = ['keygen_params', 'sign_params'];
    const kept: Frame[] = [];
    cluster.proxy.meddle = (message, direction, username) => {
      if (direction !== 'to-agent' || username !== 'alice') return [message];
      const again = { ...message, seq: undefined };
      if (params.includes(message.type)) {
        kept.push(again);
        return [message, again];
      }
      return message.type === 'round' ? [...kept, message] : [message];
    };
    const second = await cluster.keygen('replayed-key');
    expect(verifies(await cluster.sign('replayed', address, ['alice', 'bob']))).toBe(true);
    expect(second).not.toBe(address);
    const renewed = cluster.proxy.of('chip_challenge').map((one) => one['session_key']);
    expect(renewed).not.toContain('replayed');
    expect(cluster.member('alice').log.join('\n')).not.toContain('protocol thread failed');
  });

  test('an error of the coordinator that does not end a session leaves it as it was', async () => {
    cluster.proxy.meddle = (message, direction) => {
      if (direction !== 'to-agent' || message.type !== 'round') return [message];
      const { session_key } = message;
      const internal = { type: 'error', session_key, code: 'internal', message: '', details: '' };
      return [internal, message];
    };
    expect(verifies(await cluster.sign('internal', address, ['alice', 'bob']))).toBe(true);
    expect(cluster.member('alice').log.join('\n')).toContain('"code":"internal"');
  });

  test('a completion that comes after an end makes the key active, as long as its record is there', async () => {
    cluster.proxy.meddle = (message, direction, username) => {
      if (message.type !== 'keygen_complete' || direction !== 'to-agent' || username !== 'alice') {
        return [message];
      }
      const { session_key } = message;
      const over = { type: 'error', session_key, code: 'timeout', message: '', details: '' };
      return [over, message];
    };
    const revived = await cluster.keygen('revived');
    const { keys } = cluster.member('alice').agent.state;
    await eventually(() => keys.findByAddress(revived)?.state === 'active');
    expect(cluster.member('alice').log.join('\n')).toContain('"session_key":"revived"');
  });

  test('an orphan is not deleted for another reason than the one that the chip has certified', async () => {
    cluster.proxy.meddle = (message, direction, username) => {
      if (message.type === 'orphan_authorisation') {
        return [{ ...message, reason_hash: '11'.repeat(32) }];
      }
      const ends = message.type === 'keygen_result' && direction === 'to-server';
      if (!ends || username !== 'bob') return [message];
      const { type, session_key, part_index, cpic } = message;
      return [{ type, session_key, part_index, cpic, success: false, message: 'a lie' }];
    };
    await failure(
      cluster.client.ask('keygen', {
        session_key: 'orphan',
        threshold: 2,
        total_parts: 3,
        participants: people,
      }),
    );
    const answer = await cluster.proxy.until(
      (message) => message.type === 'orphan_result' && message['session_key'] === 'orphan',
    );
    expect(answer).toMatchObject({ success: false, message: 'another reason' });
  });

  test('R-17: a file name that is not our own is refused and nothing is written', async () => {
    const { directory } = cluster.member('alice');
    const names = ['../../evil.json', '/tmp/evil.json', 'f-2_2.json', 'f-3_1.json.json', ''];
    for (const [at, filename] of names.entries()) {
      const answer = await withParams(`f-${at}`, 'sign_params', () => ({ filename }));
      expect(answer['message'], filename).toMatch(/filename/);
    }
    expect(existsSync('/tmp/evil.json')).toBe(false);
    const journal = readFileSync(join(directory, 'state.journal'), 'latin1');
    const written = new Set([...journal.matchAll(/"name":"(f-[^"]*)"/g)].map(([, name]) => name));
    expect([...written].toSorted()).toEqual([
      'f-0_1.json',
      'f-1_1.json',
      'f-2_1.json',
      'f-3_1.json',
      'f-4_1.json',
    ]);
  });

  test('1.9.9 parameters and rounds of a session that was never accepted are ignored', async () => {
    await cluster.sign('known', address, ['alice', 'bob']);
    const before = cluster.proxy.seen.length;
    for (const { message, direction, username } of cluster.proxy.seen.slice()) {
      if (direction !== 'to-agent' || username !== 'alice' || message['session_key'] !== 'known')
        continue;
      if (message.type !== 'sign_params' && message.type !== 'round') continue;
      cluster.proxy.inject('alice', { ...message, session_key: 'never', seq: undefined });
    }
    await cluster.sign('after', address, ['alice', 'bob']);
    const said = cluster.proxy.seen.slice(before).map((one) => one.message);
    expect(said.filter((message) => message['session_key'] === 'never')).toEqual([]);
  });

  test('R-14: a session key is never certified twice', async () => {
    await cluster.sign('once', address, ['alice', 'bob']);
    const [invite] = cluster.proxy
      .of('sign_invite', 'alice')
      .filter((m) => m['session_key'] === 'once');
    cluster.proxy.inject('alice', { ...invite, seq: undefined });
    cluster.proxy.inject('alice', { ...invite, data: '6'.repeat(64), seq: undefined });
    await cluster.restart(cluster.member('alice'));
    cluster.proxy.inject('alice', { ...invite, data: '7'.repeat(64), seq: undefined });
    await cluster.sign('later', address, ['alice', 'bob']);
    const answers = cluster.proxy
      .of('sign_response', 'alice')
      .filter((m) => m['session_key'] === 'once');
    expect(answers).toHaveLength(1);
  });

  test('a key in use is not deleted from the chip because the coordinator calls it an orphan', async () => {
    const { agent } = cluster.member('alice');
    const record = agent.state.keys.findByAddress(address)!;
    cluster.proxy.inject('alice', {
      type: 'orphan_notice',
      session_key: record.session_key,
      part_index: 1,
      record_id: record.record_id,
      address,
      reason: 'aborted',
    });
    const ofKey = (message: Frame) => message['session_key'] === record.session_key;
    const answer = await cluster.proxy.until(
      (message) => message.type === 'orphan_result' && ofKey(message),
    );
    expect(answer).toMatchObject({ success: false, message: 'the key is in use' });
    expect(cluster.proxy.of('orphan_response').filter(ofKey)).toEqual([]);
    expect(verifies(await cluster.sign('still', address, ['alice', 'bob']))).toBe(true);
  });

  test('R-1, R-5: rounds that the relay forged, redirected or mixed up are ignored and the signature completes', async () => {
    cluster.proxy.meddle = (message, direction) => {
      if (message.type !== 'round' || direction !== 'to-agent') return [message];
      const unnumbered = { ...message, seq: undefined as unknown };
      return [
        { ...unnumbered, from: 3 },
        { ...unnumbered, from: message['from'] === 1 ? 2 : 1 },
        { ...unnumbered, body: Buffer.alloc(64, 1).toString('base64') },
        { ...unnumbered, signature: Buffer.alloc(64, 1).toString('base64') },
        { ...unnumbered, round: 3 },
        { ...unnumbered, to: message['to'] === null ? 1 : null },
        message,
        unnumbered,
      ];
    };
    expect(verifies(await cluster.sign('forged', address, ['alice', 'bob']))).toBe(true);
    expect(cluster.member('alice').log.join('\n')).toContain('bad-signature');
  });

  test('R-4: every round of an earlier session, replayed into a new one, is ignored', async () => {
    await cluster.sign('first', address, ['alice', 'bob']);
    const old = cluster.proxy.seen
      .filter((one) => one.direction === 'to-agent' && one.message.type === 'round')
      .filter((one) => one.message['session_key'] === 'first');
    cluster.proxy.meddle = (message, direction, username) => {
      if (message.type !== 'round' || direction !== 'to-agent') return [message];
      const replayed = old
        .filter((one) => one.username === username)
        .map((one) => ({ ...one.message, session_key: 'second', seq: undefined }));
      return [...replayed, message];
    };
    expect(verifies(await cluster.sign('second', address, ['alice', 'bob']))).toBe(true);
  });

  test('R-14: replayed and forged messages never lead to a ban', () => {
    for (const { agent } of cluster.members) {
      expect(agent.state.keys.findByAddress(address)?.bans).toEqual([]);
    }
  });

  test('N-7: a payload that does not hash to the data is declined, whatever the coordinator says', async () => {
    const payload = { kind: 'eip191', message: 'something harmless' };
    cluster.proxy.meddle = (message, _, username) =>
      message.type === 'sign_invite' && username === 'alice'
        ? [{ ...message, payload }]
        : [message];
    const error = await failure(cluster.sign('shown', address, ['alice', 'bob']));
    expect(error.code).toBe('participant_declined');
    expect(error.details).toMatch(/payload_mismatch/);
  });

  test('an invitation for another chip, index, threshold or set of people is declined', async () => {
    const changes: Record<string, object> = {
      se_id: { se_id: 'SE-2' },
      part_index: { part_index: 2 },
      threshold: { threshold: 3 },
      total_parts: { total_parts: 2 },
      strangers: { participants: ['alice', 'mallory'] },
      without_us: { participants: ['bob', 'carl'] },
      twice: { participants: ['alice', 'alice'] },
      address: { address: `0x${'1'.repeat(40)}` },
      zero: { data: '0'.repeat(64) },
      // W-18: q itself, zero once it is reduced.
      order: { data: `0x${ORDER}` },
    };
    for (const [name, change] of Object.entries(changes)) {
      cluster.proxy.meddle = (message, _, username) =>
        message.type === 'sign_invite' && username === 'alice'
          ? [{ ...message, ...change }]
          : [message];
      // The coordinator need not understand the answer; its session may stay open.
      cluster.sign(`i-${name}`, address, ['alice', 'bob']).catch(() => undefined);
      const answer = await cluster.proxy.until(
        (message) =>
          message.type === 'sign_response' &&
          message['session_key'] === `i-${name}` &&
          message['accept'] === false,
      );
      expect(answer['session_certificate'], name).toBeUndefined();
      if ('data' in change) expect(answer['reason'], name).toMatch(/^zero_digest: /);
    }
  });
});
