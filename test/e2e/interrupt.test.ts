// Ctrl-C at `quorate keygen` leaves the session sane: it goes on, and the same request follows it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type Cluster, startCluster } from '@quorate/cli';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loginFileOf } from '../support/loginFile.ts';
import { QUORATE, run } from './support/processes.ts';
import type { Json } from './support/rawCoordinator.ts';

const SESSION = 'interrupted-keygen';

let cluster: Cluster;
let keygen: string[] = [];

beforeAll(async () => {
  cluster = await startCluster({ parties: 2, port: 0 });
  keygen = [
    QUORATE,
    'keygen',
    '--threshold',
    '2',
    '--participants',
    'user1,user2',
    '--session-key',
    SESSION,
    '--json',
    '--login',
    loginFileOf(cluster),
  ];
});

afterAll(async () => {
  await cluster?.stop();
});

describe('Ctrl-C', () => {
  test('ends the command with 130 and says how to follow the session', async () => {
    await cluster.agents[1]?.stop();
    const child = spawn(process.execPath, keygen);
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
    const invited = new Promise<void>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const event = JSON.parse(line) as Json;
        if (event['event'] === 'progress' && event['state'] === 'invited') resolve();
      });
    });
    const ended = once(child, 'close');
    await invited;
    child.kill('SIGINT');
    const [code] = (await ended) as [number];
    expect(code).toBe(130);
    expect(said).toContain(`--session-key ${SESSION}`);
  });

  test('does not end the session: the same command shows its end', async () => {
    await cluster.agents[1]?.start();
    const ran = await run(process.execPath, keygen);
    expect(ran.code, ran.stderr).toBe(0);
    const last = JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '') as Json;
    expect(last).toMatchObject({ event: 'result', session_key: SESSION, threshold: 2 });
  });

  test('and once more: a request that is done is answered with the same key', async () => {
    const again = await run(process.execPath, keygen);
    expect(again.code, again.stderr).toBe(0);
  });
});
