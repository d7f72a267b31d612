// A person at a terminal approves or declines; everybody is told.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cluster, startCluster } from '@quorate/cli';
import { digestOf, parsePayload, toHex } from '@quorate/intent';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { Requester } from './support/ceremonies.ts';
import { QUORATE, run } from './support/processes.ts';
import { describeTerminal, TerminalProgram } from './support/pty.ts';
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

const DIGEST = toHex(digestOf(parsePayload(PAYLOAD)));

const PROMPT = /left\): $/;

/** Settles when the log has said everything of a declined session: a later line would show the next question anew. */
const over = (agent: TerminalProgram, key: string): Promise<string> => {
  const lines = ['session over', 'the coordinator reports an error'];
  const all = lines.map((line) => `(?=[\\s\\S]*${line} session_key=${key}\\b)`).join('');
  return agent.waitFor(new RegExp(`^${all}`));
};
const freshOf = (shown: string): string => /, then ([0-9a-f]{4})\./.exec(shown)?.[1] ?? '';

describeTerminal('a person at the terminal', () => {
  let cluster: Cluster;
  let requester: Requester;
  let key: Json;
  let agent: TerminalProgram;

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
    agent = new TerminalProgram([QUORATE, 'agent', 'run', '--directory', directory]);
    await agent.waitFor(/is registered/);
  });

  afterAll(async () => {
    await agent?.hangUp();
    requester?.client.close();
    await cluster?.stop();
  });

  const ask = (name: string): void =>
    requester.askForSignature(name, key['address'], requester.holders, '', {
      data: DIGEST,
      payload: PAYLOAD,
    });

  test('sees the decoded transaction and approves it', async () => {
    ask('approval-yes');
    const shown = await agent.waitFor(PROMPT);
    expect(shown).toContain(RECIPIENT);
    expect(shown).toContain('0.25');
    expect(shown).toContain('approval-yes');
    expect(shown).toMatch(/Answer by \d\d:\d\d:\d\d \([12]:\d\d left\): $/);
    agent.type(`${DIGEST.slice(0, 4)}${freshOf(shown)}\r`);
    const done = await requester.client.complete('approval-yes', 'sign_complete');
    expect(done['success']).toBe(true);
  });

  test('declines with a reason that everybody is told', async () => {
    ask('approval-no');
    await agent.waitFor(PROMPT);
    agent.type('no, not this one\r');
    const told = await requester.client.next((message) => message['type'] === 'error');
    expect(told).toMatchObject({ session_key: 'approval-no', code: 'participant_declined' });
    expect(JSON.stringify(told)).toContain('not this one');
    expect(JSON.stringify(told)).toContain('user1');
    const done = await requester.client.next((message) => message['type'] === 'sign_complete');
    expect(done).toMatchObject({ session_key: 'approval-no', success: false, signature: '' });
    await over(agent, 'approval-no');
  });

  test('Y-1: lines and half lines between two questions about the same content approve nothing', async () => {
    ask('approval-first');
    const first = await agent.waitFor(PROMPT);
    agent.type('no\r');
    await over(agent, 'approval-first');
    agent.type(`${DIGEST.slice(0, 4)}${freshOf(first)}\r${DIGEST.slice(0, 4)}`);
    ask('approval-second');
    const second = await agent.waitFor(PROMPT);
    expect(freshOf(second)).not.toBe(freshOf(first));
    expect(second).not.toContain('session over');
    agent.type(`${DIGEST.slice(0, 4)}${freshOf(first)}\r`);
    expect(await agent.waitFor(PROMPT)).toContain('Nothing is decided yet.');
    agent.type('no\r');
    await over(agent, 'approval-second');
  });

  test('Y-2: Enter, a yes and a typo ask again, with the time left', async () => {
    ask('approval-again');
    const shown = await agent.waitFor(PROMPT);
    for (const typed of ['', 'yes', DIGEST.slice(0, 4)]) {
      agent.type(`${typed}\r`);
      expect(await agent.waitFor(PROMPT)).toContain(`then ${freshOf(shown)}`);
    }
    agent.type(`${DIGEST.slice(0, 4)} ${freshOf(shown)}\r`);
    const done = await requester.client.complete('approval-again', 'sign_complete');
    expect(done['success']).toBe(true);
  });

  test('R-16 sees the text of others escaped', async () => {
    requester.askForSignature('approval-text', key['address'], requester.holders, 'x', {
      display: HOSTILE,
    });
    const shown = await agent.waitFor(PROMPT);
    expect(shown).toContain('pay');
    expect(shown).toContain('unverified');
    expect(shown).not.toMatch(/[\u202a-\u202e]/);
  });

  test('Y-1: ends with Ctrl-C in order, and the question that stood is told to be void', async () => {
    expect(await agent.interrupt()).toBe(0);
    expect(agent.screen).toContain('void: the agent stopped.');
  });
});

describe('without a terminal', () => {
  test('Y-3: an agent that has to ask a person does not start', async () => {
    const directory = temporaryDirectory();
    const at = ['--directory', directory];
    const init = ['agent', 'init', ...at, '--url', 'http://127.0.0.1:1', '--username', 'alice'];
    expect((await run(process.execPath, [QUORATE, ...init])).code).toBe(0);
    const ran = await run(process.execPath, [QUORATE, 'agent', 'run', ...at]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/approval: prompt needs a terminal.*policy.*auto/);
    rmSync(directory, { recursive: true });
  });
});
