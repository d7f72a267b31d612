// A person at a terminal approves or declines; everybody is told.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Cluster, startCluster } from '@quorate/cli';
import { digestOf, parsePayload, toHex } from '@quorate/intent';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Requester } from './support/ceremonies.ts';
import { QUORATE } from './support/processes.ts';
import type { Json } from './support/rawCoordinator.ts';

const RECIPIENT = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';

/** Bidirectional and control characters that would change what a person reads. */
const HOSTILE = 'pay \u202eecila\u202c';

const PAYLOAD = {
  kind: 'eip1559',
  transaction: {
    chain_id: 11_155_111,
    nonce: 3,
    max_priority_fee_per_gas: '1500000000',
    max_fee_per_gas: '30000000000',
    gas_limit: 21_000,
    to: RECIPIENT,
    value: '250000000000000000',
    data: '0x',
  },
};

let cluster: Cluster;
let requester: Requester;
let key: Json;
let agent: ChildProcess;
let screen = '';
let onText: () => void = () => undefined;

beforeAll(async () => {
  cluster = await startCluster({ parties: 2, port: 0 });
  requester = await Requester.of(cluster);
  key = await requester.key('approval-keygen', 2);
  await cluster.agents[0]?.stop();
  const directory = join(cluster.directory, 'user1');
  const config = join(directory, 'config.yaml');
  const text = readFileSync(config, 'utf8');
  expect(text).toContain('approval: auto');
  writeFileSync(config, text.replace('approval: auto', 'approval: prompt'));
  agent = spawn(process.execPath, [QUORATE, 'agent', 'run', '--directory', directory, '--json']);
  agent.stderr?.on('data', (chunk: Buffer) => {
    screen += chunk.toString('utf8');
    onText();
  });
  if (agent.stdout) await once(createInterface({ input: agent.stdout }), 'line');
});

afterAll(async () => {
  if (agent) {
    const ended = once(agent, 'exit');
    agent.kill('SIGTERM');
    await ended;
  }
  requester?.client.close();
  await cluster?.stop();
});

/** Settles when the question is on the screen; gives what was shown since. */
async function question(): Promise<string> {
  for (;;) {
    const shown = screen;
    if (shown.includes('to approve')) {
      screen = '';
      return shown;
    }
    await new Promise<void>((resolve) => {
      onText = resolve;
    });
  }
}

function ask(name: string): void {
  requester.askForSignature(name, key['address'], requester.holders, '', {
    data: toHex(digestOf(parsePayload(PAYLOAD))),
    payload: PAYLOAD,
  });
}

describe('a person at the terminal', () => {
  test('sees the decoded transaction and approves it', async () => {
    ask('approval-yes');
    const shown = await question();
    expect(shown).toContain(RECIPIENT);
    expect(shown).toContain('0.25');
    expect(shown).toContain('approval-yes');
    agent.stdin?.write(`${toHex(digestOf(parsePayload(PAYLOAD))).slice(0, 4)}\n`);
    const done = await requester.client.complete('approval-yes', 'sign_complete');
    expect(done['success']).toBe(true);
  });

  test('declines with a reason that everybody is told', async () => {
    ask('approval-no');
    await question();
    agent.stdin?.write('not this one\n');
    const told = await requester.client.next((message) => message['type'] === 'error');
    expect(told).toMatchObject({ session_key: 'approval-no', code: 'participant_declined' });
    expect(JSON.stringify(told)).toContain('not this one');
    expect(JSON.stringify(told)).toContain('user1');
    const done = await requester.client.next((message) => message['type'] === 'sign_complete');
    expect(done).toMatchObject({ session_key: 'approval-no', success: false, signature: '' });
  });

  test('R-16 sees the text of others escaped', async () => {
    requester.askForSignature('approval-text', key['address'], requester.holders, 'x', {
      display: HOSTILE,
    });
    const shown = await question();
    expect(shown).toContain('pay');
    expect(shown).toContain('unverified');
    expect(shown).not.toMatch(/[\u202a-\u202e]/);
    agent.stdin?.write('no\n');
  });
});
