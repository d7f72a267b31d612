import { fromHex, verifySignature } from '@quorate/intent';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { whenFileEnds } from '../../../../test/support/finished.ts';
import { createOutbox } from '../../src/link/outbox.ts';
import { type Cluster, DATA, startClusterWithKey } from '../support/cluster.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import { failure } from '../support/failure.ts';
import type { Frame } from '../support/relay.ts';

const MINUTE = 60_000;
const signers = ['alice', 'bob'];

/** The coordinator's mouth holds messages back; the agents' clocks are the test's. */
describe('a session whose messages are held back', () => {
  let cluster: Cluster;
  let address: string;
  let wall = 0;
  let running = 0;
  let held: { to: string; message: Frame }[] = [];

  const clocks = {
    now: () => Date.now() + wall,
    monotonic: () => performance.now() + running,
  };

  const finished = whenFileEnds();

  beforeAll(async () => {
    // Rounds and sessions that last longer than what a participant certifies.
    const deadlines = { invitation: 3_600_000, round: 3_600_000, session: 3_600_000 };
    ({ cluster, address } = await startClusterWithKey(
      ['alice', 'bob', 'carl'],
      { deadlines },
      finished,
    ));
    for (const member of cluster.members) await cluster.restart(member, clocks);
  });

  afterEach(() => {
    cluster.proxy.meddle = (message) => [message];
    wall = 0;
    held = [];
  });

  /** Holds back what the agents are sent of a session from a round on, and lets it go later. */
  function hold(sessionKey: string, fits: (message: Frame) => boolean): () => void {
    cluster.proxy.meddle = (message, direction, username) => {
      if (direction !== 'to-agent' || message['session_key'] !== sessionKey || !fits(message)) {
        return [message];
      }
      held.push({ to: username, message });
      return [];
    };
    return () => {
      cluster.proxy.meddle = (message) => [message];
      for (const { to, message } of held) cluster.proxy.inject(to, message);
    };
  }

  const isRound = (number: number) => (message: Frame) =>
    message.type === 'round' && message['round'] === number;

  const sentBy = (username: string, sessionKey: string): Frame[] =>
    cluster.proxy.seen
      .filter((one) => one.direction === 'to-server' && one.username === username)
      .map((one) => one.message)
      .filter((message) => message['session_key'] === sessionKey);

  const resultOf = (username: string, sessionKey: string): Frame | undefined =>
    sentBy(username, sessionKey).find(({ type }) => type.endsWith('_result'));

  const recordOf = (username: string, sessionKey: string) => {
    const member = cluster.member(username);
    const record = member.agent.state.sessions.read(sessionKey, member.index);
    return record?.kind === 'sign' ? record : undefined;
  };

  for (const clock of ['wall', 'running'] as const) {
    const move = (): void => {
      if (clock === 'wall') wall = 10 * MINUTE;
      else running += 10 * MINUTE;
    };

    test(`X-9: after ten minutes by the ${clock} clock nothing more of a signature is sent`, async () => {
      const key = `held-${clock}`;
      const release = hold(key, isRound(1));
      const failed = failure(cluster.sign(key, address, signers));
      await eventually(() => held.length >= 4);
      move();
      release();
      expect(await failed).toMatchObject({ code: 'expired' });
      for (const name of signers) {
        await eventually(() => cluster.member(name).agent.sessions.length === 0);
        expect(sentBy(name, key).filter(isRound(2))).toEqual([]);
        expect(recordOf(name, key)).toMatchObject({ state: 'failed' });
        expect(recordOf(name, key)?.reason).toMatch(/^expired\b/);
      }
      const told = signers.map((name) => resultOf(name, key)?.['message']);
      expect(told).toContainEqual(expect.stringMatching(/^expired: /));
    });
  }

  test('X-9: a session ends by itself when nothing comes, and wipes what it held', async () => {
    const key = 'held-quiet';
    hold(key, isRound(1));
    const failed = failure(cluster.sign(key, address, signers));
    await eventually(() => held.length >= 4);
    wall = 10 * MINUTE;
    expect(await failed).toMatchObject({ code: 'expired' });
    await eventually(() => signers.every((name) => !cluster.member(name).agent.sessions.length));
  });

  test('X-9: a chip is not asked for a share with parameters that come ten minutes late', async () => {
    const key = 'held-params';
    const release = hold(key, ({ type }) => type === 'sign_params');
    const failed = failure(cluster.sign(key, address, signers));
    await eventually(() => held.length >= 2);
    const releases = cluster.member('alice').agent.state.keys.findByAddress(address)?.releases;
    wall = 10 * MINUTE;
    release();
    expect(await failed).toMatchObject({ code: 'expired' });
    expect(cluster.member('alice').agent.state.keys.findByAddress(address)?.releases).toEqual(
      releases,
    );
  });

  test('X-9: after the last round an agent only listens, and keeps a signature that it finds', async () => {
    const key = 'held-last';
    const release = hold(key, isRound(3));
    // It is open when the file ends, and the client with it.
    cluster.sign(key, address, signers).catch(() => undefined);
    await eventually(() => held.length >= 2);
    wall = 10 * MINUTE;
    await eventually(() => recordOf('alice', key)?.state === 'unknown_outcome');
    await eventually(() => recordOf('bob', key)?.state === 'unknown_outcome');
    expect(cluster.member('alice').agent.sessions).toEqual([key]);
    release();
    for (const name of signers) {
      await eventually(() => recordOf(name, key)?.state === 'completed');
      expect(recordOf(name, key)?.signature).toSatisfy((signature: string) =>
        verifySignature(fromHex(DATA), fromHex(signature), address),
      );
      expect(resultOf(name, key)).toBeUndefined();
      await eventually(() => cluster.member(name).agent.sessions.length === 0);
    }
  });

  test('X-9: listening ends too: the outcome stays unknown and nothing is told', async () => {
    const key = 'held-for-ever';
    hold(key, isRound(3));
    // It is open when the file ends, and the client with it.
    cluster.sign(key, address, signers).catch(() => undefined);
    await eventually(() => held.length >= 2);
    running += 10 * MINUTE;
    await eventually(() => recordOf('alice', key)?.state === 'unknown_outcome');
    running += 10 * MINUTE;
    await eventually(() => cluster.member('alice').agent.sessions.length === 0);
    expect(recordOf('alice', key)).toMatchObject({ state: 'unknown_outcome', signature: null });
    expect(resultOf('alice', key)).toBeUndefined();
  });

  test('X-9: a completion that comes after the end is kept by the record, once it verifies', async () => {
    const key = 'held-complete';
    hold(key, isRound(3));
    // It is open when the file ends, and the client with it.
    cluster.sign(key, address, signers).catch(() => undefined);
    await eventually(() => held.length >= 2);
    for (let passed = 0; passed < 2; passed += 1) {
      running += 10 * MINUTE;
      await eventually(() => recordOf('alice', key)?.state === 'unknown_outcome');
    }
    await eventually(() => cluster.member('alice').agent.sessions.length === 0);
    const complete = { type: 'sign_complete', session_key: key, success: true, message: '' };
    const signature = await cluster.sign('held-complete-other', address, signers);
    const wrong = `0x${'11'.repeat(64)}1b`;
    cluster.proxy.inject('carl', { ...complete, signature });
    cluster.proxy.inject('alice', { ...complete, signature });
    cluster.proxy.inject('bob', { ...complete, signature: wrong });
    await eventually(() => signers.every((name) => recordOf(name, key)?.settled === true));
    expect(recordOf('alice', key)).toMatchObject({ state: 'completed', signature });
    expect(recordOf('bob', key)).toMatchObject({ state: 'unknown_outcome', signature: null });
  });

  test('X-9: a signature that was made in time is not told by a restart ten minutes later', async () => {
    const key = 'held-result';
    const told = (message: Frame): boolean => message.type === 'sign_result';
    cluster.proxy.meddle = (message, direction) =>
      direction === 'to-server' && told(message) && message['session_key'] === key ? [] : [message];
    // It is open when the file ends, and the client with it.
    cluster.sign(key, address, signers).catch(() => undefined);
    await eventually(() => recordOf('alice', key)?.state === 'completed');
    await eventually(() => resultOf('alice', key) !== undefined);
    const signature = recordOf('alice', key)?.signature;
    const before = sentBy('alice', key).length;
    wall = 10 * MINUTE;
    await cluster.restart(cluster.member('alice'), clocks);
    await eventually(() => sentBy('alice', key).length > before);
    for (const message of sentBy('alice', key).slice(before)) {
      expect(message).toMatchObject({ success: false, signature: '' });
    }
    expect(recordOf('alice', key)).toMatchObject({ state: 'completed', signature });
  });

  test('X-9: a key generation that is held back for ten minutes leaves no key', async () => {
    const key = 'held-keygen';
    const release = hold(key, isRound(1));
    const participants = cluster.members.map(({ username }) => username);
    const order = { session_key: key, threshold: 2, total_parts: 3, participants };
    const failed = failure(cluster.client.ask('keygen', order));
    await eventually(() => held.length >= 3);
    wall = 10 * MINUTE;
    release();
    expect(await failed).toMatchObject({ code: 'expired' });
    await eventually(() => cluster.members.every(({ agent }) => agent.sessions.length === 0));
    expect(cluster.member('alice').agent.state.keys.findBySession(key)).toBeUndefined();
  });

  test('X-9: what waits in the queue of a cut connection is not sent ten minutes later', async () => {
    const key = 'held-queue';
    let cut = false;
    cluster.proxy.meddle = (message, direction, username) => {
      const first = direction === 'to-agent' && username === 'alice' && isRound(1)(message);
      // The agent has everything of round 1, and its answer finds no connection.
      if (first && message['session_key'] === key && !cut) {
        cut = true;
        setImmediate(() => {
          wall = 10 * MINUTE;
          cluster.proxy.cut('alice');
        });
      }
      return [message];
    };
    expect(await failure(cluster.sign(key, address, signers))).toMatchObject({ code: 'expired' });
    const late = sentBy('alice', key).filter((message) => message.type === 'round');
    expect(late.filter((message) => Number(message['round']) > 1)).toEqual([]);
  });
});

test('X-9: an outbox sends nothing that is no longer good when it could be sent', () => {
  let good = true;
  let number = 0;
  const outbox = createOutbox(false);
  const round = { type: 'round', session_key: 's', from: 1, to: null, round: 3 } as const;
  outbox.add({ ...round, body: '', signature: '' }, () => good);
  expect(outbox.takeFrames(() => (number += 1))).toHaveLength(1);
  outbox.rewind();
  expect(outbox.takeFrames(() => (number += 1))).toHaveLength(1);
  outbox.rewind();
  good = false;
  expect(outbox.takeFrames(() => (number += 1))).toEqual([]);
  expect(outbox.size).toBe(0);
});
