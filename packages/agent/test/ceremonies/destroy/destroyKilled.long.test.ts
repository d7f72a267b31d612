import { describe, expect, test } from 'vitest';
import { kill, type Member, startClusterWithKey } from '../../support/cluster.ts';
import { expectDestroyed, keyOf, NAMES } from '../../support/destroyed.ts';
import type { Frame } from '../../support/relay.ts';

type Point = readonly [name: string, type: string, direction: 'to-server' | 'to-agent'];

const POINTS: readonly Point[] = [
  ['before its consent arrives', 'destroy_response', 'to-server'],
  ['before the parameters arrive', 'destroy_params', 'to-agent'],
  ['when the record is deleted, before its receipt arrives', 'destroy_result', 'to-server'],
  ['before it hears that all is done', 'destroy_complete', 'to-agent'],
];

describe('a destruction goes on', () => {
  test.each(POINTS)('after an agent was killed %s', async (_, type, direction) => {
    const { cluster, address } = await startClusterWithKey(NAMES);
    const [ann] = cluster.members as [Member];
    await ann.agent.close();
    const child = await cluster.spawn(ann);
    let gone: Promise<void> | undefined;
    const isPoint = (message: Frame, where: string, who: string): boolean =>
      who === 'ann' && where === direction && message.type === type;
    cluster.proxy.meddle = (message, where, who) => {
      if (gone || !isPoint(message, where, who)) return [message];
      gone = kill(child);
      cluster.proxy.cut('ann');
      return [];
    };
    const destroyed = cluster.destroy('d', address);
    await cluster.proxy.until((message, who, where) => isPoint(message, where, who));
    await gone;
    if (type === 'destroy_result') {
      // The chip has deleted; nobody has been told so.
      const { holders } = await keyOf(cluster, address);
      expect(holders[0]?.record_state).toBe('held');
    }
    await cluster.start(ann);
    await destroyed;
    await expectDestroyed(cluster, address);
  });

  const stops = POINTS.filter(([, type]) => type !== 'destroy_complete');
  test.each(stops)('after the coordinator was stopped %s', async (_, type, direction) => {
    const { cluster, address } = await startClusterWithKey(NAMES);
    let stopped: Promise<void> | undefined;
    cluster.proxy.meddle = (message, where, who) => {
      if (stopped || who !== 'ann' || where !== direction || message.type !== type)
        return [message];
      cluster.proxy.cut('ann');
      stopped = cluster.server.close();
      return [];
    };
    const destroyed = cluster.destroy('d', address);
    await cluster.proxy.until(
      (message, who, where) => who === 'ann' && where === direction && message.type === type,
    );
    await stopped;
    await cluster.startServer();
    await destroyed;
    await expectDestroyed(cluster, address);
  });
});
