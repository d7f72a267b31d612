// docs/operating.md, word for word: every block marked `sh run`, in one shell, in an empty directory.
import {
  mkdtempSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transaction } from 'micro-eth-signer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { QUORATE, run } from './support/processes.ts';

const PAGE = new URL('../../docs/operating.md', import.meta.url);

let directory = '';
let ran: Awaited<ReturnType<typeof run>>;

/** The page's commands; a failure names its block by the number of its first line. */
function scriptOf(page: string): string {
  const lines = page.split('\n');
  const blocks: string[] = [];
  for (const [at, line] of lines.entries()) {
    if (line !== '```sh run') continue;
    const end = lines.indexOf('```', at);
    blocks.push(`echo "== line ${at + 2}"`, ...lines.slice(at + 1, end));
  }
  return blocks.join('\n');
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-operating-'));
  mkdirSync(join(directory, 'bin'));
  symlinkSync(QUORATE, join(directory, 'bin', 'quorate'));
  mkdirSync(join(directory, 'work'));
  const cleanUp = `trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT`;
  const script = `set -euo pipefail\n${cleanUp}\n${scriptOf(readFileSync(PAGE, 'utf8'))}`;
  const { PATH = '' } = process.env;
  ran = await run('bash', ['-c', script], {
    cwd: join(directory, 'work'),
    env: { ...process.env, PATH: `${join(directory, 'bin')}:${PATH}`, HOME: directory },
  });
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('docs/operating.md', () => {
  test('runs word for word', () => {
    expect(ran.code, `${ran.stdout}\n${ran.stderr}`).toBe(0);
    expect(ran.stdout.match(/^== line \d+$/gm)?.length).toBeGreaterThan(15);
  });

  test('ends with a transaction that another library takes and attributes to the new account', () => {
    const raw = /^raw transaction: (0x[0-9a-f]+)$/m.exec(ran.stdout)?.[1] ?? '';
    const address = /^address +(0x\S+)$/m.exec(ran.stdout)?.[1];
    const { address: sender } = Transaction.fromHex(raw, false).recoverSender();
    expect(sender).toBe(address);
    expect(ran.stdout).toMatch(/^valid: \d+ entries, \d+ checkpoints$/m);
  });

  test('1.9.13 leaves nothing that others can read', () => {
    const loose = readdirSync(join(directory, 'work'), { recursive: true, withFileTypes: true })
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => (statSync(path).mode & 0o077) !== 0);
    expect(loose).toEqual([]);
  });

  test('leaves no program running', () => {
    expect(ran.stderr).not.toMatch(/error|Error/);
  });
});
