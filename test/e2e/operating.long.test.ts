// docs/operating.md, word for word: every block marked `sh run`, in one shell, in an empty directory.
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Transaction } from 'micro-eth-signer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runScript, type Scripted, scriptOf } from './support/page.ts';

const PAGE = new URL('../../docs/operating.md', import.meta.url);

let ran: Scripted;

beforeAll(async () => {
  ran = await runScript(scriptOf(PAGE));
}, 600_000);

afterAll(() => {
  rmSync(ran.directory, { recursive: true, force: true });
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
    const loose = readdirSync(ran.work, { recursive: true, withFileTypes: true })
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => (statSync(path).mode & 0o077) !== 0);
    expect(loose).toEqual([]);
  });

  test('leaves no program running', () => {
    expect(ran.stderr).not.toMatch(/error|Error/);
  });
});
