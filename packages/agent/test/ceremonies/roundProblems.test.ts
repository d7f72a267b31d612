import { randomBytes } from 'node:crypto';
import { FEATURES } from '@quorate/wire';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { whenFileEnds } from '../../../../test/support/finished.ts';
import { type Cluster, DATA, startClusterWithKey } from '../support/cluster.ts';
import type { Frame } from '../support/relay.ts';
import type { Direction } from '../support/proxy.ts';

const signers = ['alice', 'bob'];

describe('a message that keeps an agent from going on', () => {
  let cluster: Cluster;
  let address: string;

  const finished = whenFileEnds();

  beforeAll(async () => {
    ({ cluster, address } = await startClusterWithKey(['alice', 'bob', 'carl'], {}, finished));
    // Longer than a busy machine needs for a round: a report of a missing message would come before the real one.
    for (const member of cluster.members) await cluster.restart(member, { patience: 1500 });
  });

  afterEach(() => {
    cluster.proxy.meddle = (message) => [message];
    cluster.proxy.features = FEATURES.join(', ');
  });

  /** Asks for a signature that will not come; gives the warnings that the asker hears. */
  function sign(session_key: string): string[] {
    const warnings: string[] = [];
    const order = { session_key, threshold: 2, total_parts: 3, data: DATA, address };
    cluster.client
      .ask('sign', { ...order, participants: signers }, ({ state }) => {
        warnings.push(...(state.warnings ?? []));
      })
      .catch(() => undefined);
    return warnings;
  }

  /** Changes what alice says to bob in one round, on its way to the server or from it. */
  function change(
    sessionKey: string,
    where: { round: number; direction: Direction },
    make: (message: Frame) => readonly Frame[],
  ): void {
    cluster.proxy.meddle = (message, direction) => {
      const fits =
        message.type === 'round' &&
        message['session_key'] === sessionKey &&
        message['from'] === 1 &&
        message['round'] === where.round &&
        direction === where.direction;
      return fits ? make(message) : [message];
    };
  }

  const reportOf = (username: string, sessionKey: string): Promise<Frame> =>
    cluster.proxy.until(
      (message, who) =>
        message.type === 'round_problem' &&
        who === username &&
        message['session_key'] === sessionKey,
    );

  const flipped = (message: Frame): Frame => {
    const body = Buffer.from(String(message['body']), 'base64');
    body[body.length >> 1]! ^= 1;
    return { ...message, body: body.toString('base64') };
  };

  test('Y-4: a flipped bit in what was for one is reported by it at once, and the asker hears of it', async () => {
    change('flip', { round: 1, direction: 'to-server' }, (message) => [
      message['to'] === 2 ? flipped(message) : message,
    ]);
    const warnings = sign('flip');
    expect(await reportOf('bob', 'flip')).toMatchObject({
      part_index: 2,
      from: 1,
      round: 1,
      reason: 'decryption',
    });
    await expect
      .poll(() => warnings)
      .toContainEqual('bob could not use the message of alice in round 1 (decryption)');
  });

  test('Y-4: what the server changed in a broadcast is reported as not signed', async () => {
    change('server', { round: 1, direction: 'to-agent' }, (message) => [
      message['to'] === null ? flipped(message) : message,
    ]);
    sign('server');
    expect(await reportOf('bob', 'server')).toMatchObject({ from: 1, reason: 'signature' });
  });

  test('Y-4: random bytes in the second round are reported, each author and round once', async () => {
    change('random', { round: 2, direction: 'to-agent' }, (message) =>
      Array.from({ length: 3 }, () => ({
        ...message,
        body: randomBytes(600).toString('base64'),
        signature: randomBytes(64).toString('base64'),
      })),
    );
    sign('random');
    expect(await reportOf('bob', 'random')).toMatchObject({ from: 1, round: 2 });
    await cluster.sign('random-after', address, ['bob', 'carl']);
    const reports = cluster.proxy
      .of('round_problem', 'bob')
      .filter((message) => message['session_key'] === 'random');
    expect(reports).toHaveLength(1);
  });

  test('Y-4: what is lost on its way is reported as missing while the round is still open', async () => {
    change('lost', { round: 2, direction: 'to-agent' }, () => []);
    sign('lost');
    expect(await reportOf('bob', 'lost')).toMatchObject({ from: 1, round: 2, reason: 'missing' });
  });

  test('Y-4: a coordinator of the version before is sent no report', async () => {
    cluster.proxy.features = '';
    for (const name of signers) {
      cluster.proxy.cut(name);
      await cluster.restart(cluster.member(name), { patience: 50 });
    }
    change('old', { round: 1, direction: 'to-server' }, (message) => [
      message['to'] === 2 ? flipped(message) : message,
    ]);
    sign('old');
    const ignored = (): boolean =>
      cluster.member('bob').log.some((line) => /"session_key":"old".*round ignored/.test(line));
    await expect.poll(ignored, { timeout: 20_000 }).toBe(true);
    cluster.proxy.meddle = (message) => [message];
    await cluster.sign('old-after', address, signers);
    expect(
      cluster.proxy.of('round_problem').filter((message) => message['session_key'] === 'old'),
    ).toEqual([]);
  });
});
