// A program's own stdin is a pipe: what its kernel holds is older than a question.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { eventually } from '../../../../test/support/eventually.ts';

const PROGRAM = fileURLToPath(new URL('../support/asking.mjs', import.meta.url));

interface Asking {
  readonly child: ChildProcess;
  /** Writes to its stdin, and settles when the kernel has it. */
  readonly write: (text: string) => Promise<void>;
  /** The fresh digits of the question of that number, counted from 1. */
  readonly question: (number: number) => Promise<string>;
  readonly answer: () => Promise<unknown>;
}

async function start(): Promise<Asking> {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'ignore', 'pipe', 'ipc'] });
  let shown = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    shown += chunk.toString('utf8');
  });
  await once(child, 'message');
  return {
    child,
    write: (text) =>
      new Promise((resolve, reject) => {
        child.stdin?.write(text, (error) => (error ? reject(error) : resolve()));
      }),
    question: async (number) => {
      const asked = (): string[] =>
        [...shown.matchAll(/, then ([0-9a-f]{4})\./g)].map((one) => one[1] ?? '');
      await eventually(() => asked().length >= number && shown.endsWith('left): '));
      return asked()[number - 1] ?? '';
    },
    answer: async () => (await once(child, 'message'))[0],
  };
}

describe('a question on a pipe', () => {
  test('Y-1: takes no line, and no half of one, that was there before it', async () => {
    const { child, write, question, answer } = await start();
    await write(`${'02ec0000\n'.repeat(5000)}no`);
    child.send('ask');
    const first = await question(1);
    await write(`, never\n02ec${first}\n`);
    expect(await answer()).toEqual({ accept: true });
    await write(`02ec${first}\nno\n`);
    child.send('ask');
    const second = await question(2);
    expect(second).not.toBe(first);
    const answered = answer();
    await write(`02ec${second}\n`);
    expect(await answered).toEqual({ accept: true });
    child.stdin?.end();
    child.send('ask');
    expect(await answer()).toBe('closed');
  });

  test('a program that owns its input is not kept alive by it', async () => {
    const { child } = await start();
    const ended = once(child, 'exit');
    child.disconnect();
    expect(await ended).toEqual([0, null]);
  });
});
