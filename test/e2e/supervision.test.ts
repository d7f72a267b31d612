// Programs of a development cluster that end unexpectedly are started again, and sessions go on.
import { type Cluster, startCluster } from '@quorate/cli';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Requester } from './support/ceremonies.ts';
import { QUORATE, run } from './support/processes.ts';

let cluster: Cluster;
let requester: Requester;
let crashed: (text: string) => void = () => undefined;

beforeAll(async () => {
  cluster = await startCluster({ parties: 2, port: 0, onCrash: (text) => crashed(text) });
  requester = await Requester.of(cluster);
});

afterAll(async () => {
  requester?.client.close();
  await cluster?.stop();
});

/** Kills a program as a crash would, and settles when that was noticed. */
function crash(pid: number | undefined): Promise<string> {
  if (pid === undefined) throw new Error('not running');
  const noticed = new Promise<string>((resolve) => {
    crashed = resolve;
  });
  process.kill(pid, 'SIGKILL');
  return noticed;
}

describe('a program that crashed', () => {
  test('is named and started again: an agent', async () => {
    expect(await crash(cluster.agents[0]?.pid)).toContain('user1 ended unexpectedly');
    const key = await requester.key('supervised-keygen', 2);
    expect(key['success']).toBe(true);
  });

  test('is named and started again: the coordinator', async () => {
    expect(await crash(cluster.coordinator.pid)).toContain('coordinator ended unexpectedly');
    const waited = await run(process.execPath, [
      QUORATE,
      'health',
      '--url',
      cluster.url,
      '--wait',
      '60',
    ]);
    expect(waited.code, waited.stderr).toBe(0);
    await requester.reconnect();
    const key = await requester.key('supervised-again', 2);
    expect(key['success']).toBe(true);
  });
});
