// Real programs that are asked to end while a part of them hangs.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { decodeSpki } from '@quorate/intent';
import { ApduSecureElement, createVirtualChip } from '@quorate/secure-element';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { setUpAgent } from '../src/operations/agents.ts';
import { Cosigners } from './support/cosigners.ts';
import { quorate } from './support/world.ts';

const QUORATE = fileURLToPath(new URL('../bin/quorate.js', import.meta.url));
const HANGING = new URL('support/hanging.mjs', import.meta.url).href;

const directory = temporaryDirectory();
const pair = new Cosigners();
const pipe = join(directory, 'pipe');
const agent = join(directory, 'agent');

beforeAll(async () => {
  execFileSync('mkfifo', [pipe]);
  for (const side of ['enterprise', 'mobile-app'] as const) {
    const config = pair.configure(side, { thread_timeout: 1 });
    const made = await quorate('cosigner', 'init', '--config', config);
    if (made.exit !== 0) throw new Error(made.stderr);
  }
  await makeAgent();
});

afterAll(async () => {
  await pair.close();
  rmSync(directory, { recursive: true, force: true });
});

/** An agent whose coordinator is not there: it tries to connect until it is ended. */
async function makeAgent(): Promise<void> {
  const url = 'ws://127.0.0.1:1/ws';
  const settings = { thread_timeout: 1 };
  const who = { username: 'alice', approval: 'auto', rosterKey: null } as const;
  setUpAgent({ directory: agent, url, ...who, settings });
  const passphrase = Buffer.from(readFileSync(join(agent, 'chip-passphrase'), 'utf8').trim());
  const file = join(agent, 'chip.sealed');
  const chip = new ApduSecureElement(
    await createVirtualChip({ file, passphrase, scryptCost: 1024 }),
    { kind: 'virtual' },
  );
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  await chip.personalise(decodeSpki('P-256', spki), Buffer.from('135790'));
  await chip.close();
  writeFileSync(join(agent, 'pin'), '135790\n', { mode: 0o600 });
  writeFileSync(join(agent, 'token'), 'none\n', { mode: 0o600 });
}

const programs = {
  cosigner: () => ['cosigner', '--config', pair.at('enterprise.yaml')],
  agent: () => ['agent', 'run', '--directory', agent, '--json'],
  coordinator: () => [
    'coordinator',
    '--data',
    mkdtempSync(join(directory, 'data-')),
    '--port',
    '0',
    '--init',
  ],
};

/** A running program; it is up. */
interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<[code: number | null, signal: string | null]>;
  /** On stderr. */
  readonly said: () => string;
  /** Lines of stdout. */
  readonly lines: readonly string[];
}

async function start(
  program: keyof typeof programs,
  hang: string,
  more: readonly string[] = [],
): Promise<Running> {
  const args = [...programs[program](), '--stop-timeout', '1', ...more];
  const child = spawn(process.execPath, ['--import', HANGING, QUORATE, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, HANG: hang },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said += text.toString('utf8');
  });
  const ended = once(child, 'close') as Running['ended'];
  const lines: string[] = [];
  const up = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      if (/listen|"status"/.test(line)) resolve();
    });
  });
  const early = ended.then(() => Promise.reject(new Error(`${program} did not start: ${said}`)));
  await Promise.race([up, early]);
  early.catch(() => undefined);
  return { child, ended, said: () => said, lines };
}

/** Waits until a program has said something on stderr. */
async function hears({ child, said }: Running, text: string): Promise<void> {
  while (!said().includes(text)) await once(child.stderr!, 'data');
}

describe('X-3: a program that is asked to end', () => {
  test.each([
    ['cosigner', 'chip', 'the chip did not end within 1 s'],
    ['agent', 'chip', 'the chip did not end within 1 s'],
    ['coordinator', 'connections', 'the connections did not end within 1 s'],
    ['coordinator', 'alive', 'the process did not end within 1 s'],
  ] as const)('ends by force and says what hung: %s, %s', async (program, hang, line) => {
    const { child, ended, said } = await start(program, hang);
    child.kill('SIGTERM');
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(said()).toContain(`error: ${line}; the program ends by force\n`);
  });

  test.each(['cosigner', 'agent'] as const)(
    'ends by force when a protocol thread was given up that stands still in native code: %s',
    async (program) => {
      const running = await start(program, `thread ${pipe}`, ['--stop-timeout', '60']);
      const { child, ended, said, lines } = running;
      await hears(running, 'given up');
      if (program === 'agent') {
        const told = (): string => lines.find((line) => line.includes('"threads"')) ?? '{}';
        await expect
          .poll(() => JSON.parse(told()) as unknown)
          .toMatchObject({
            event: 'threads',
            username: 'alice',
            threads: [{ index: 0, restarts: 1, stuck: 1 }],
          });
      }
      child.kill('SIGTERM');
      expect(await ended).toEqual([null, 'SIGKILL']);
      expect(said()).toMatch(
        /\d protocol threads? could not be ended; the program ends by force\n$/,
      );
    },
  );

  test('ends by force when the process that started it is gone', async () => {
    const { child, ended, said } = await start('agent', 'chip', ['--stop-with-stdin']);
    child.stdin?.end();
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(said()).toContain('the chip did not end within 1 s');
  });

  test('ends at once at a second signal, whatever the time', async () => {
    const running = await start('coordinator', 'connections', ['--stop-timeout', '600']);
    const { child, ended } = running;
    child.kill('SIGTERM');
    await hears(running, 'stopping');
    child.kill('SIGINT');
    expect(await ended).toEqual([null, 'SIGINT']);
  });

  test.each(['cosigner', 'agent', 'coordinator'] as const)(
    'ends in order when nothing hangs: %s',
    async (program) => {
      const { child, ended, said } = await start(program, 'nothing', ['--stop-timeout', '60']);
      child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
      expect(said()).not.toContain('by force');
    },
  );

  test.each(['0', '601', '1.5', 'ten'])('takes no time of %s', async (seconds) => {
    const ran = await quorate(...programs.coordinator(), '--stop-timeout', seconds);
    expect(ran.exit).toBe(2);
    expect(ran.stderr).toContain('1 to 600');
  });
});
