import { execFile } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { KEY, openRecords, recordOf } from '../support/records.ts';

// Real proofs and refreshes, on a machine that may have other work.
vi.setConfig({ testTimeout: 240_000 });

describe('a process that is killed while it locks a key', () => {
  const PROGRAM = fileURLToPath(new URL('../support/lockOrDie.mjs', import.meta.url));

  /** Everything that it said. */
  const lockOrDie = (...args: string[]): Promise<string> =>
    new Promise((resolve) => {
      execFile(process.execPath, [PROGRAM, ...args], (_, stdout) => resolve(stdout));
    });

  test.each([
    ['refreshable', 'healthy'],
    ['refreshable', 'full'],
    ['terminal', 'healthy'],
    ['terminal', 'full'],
  ] as const)(
    'X-6: keeps a %s lock on a %s disk as soon as anybody is told',
    async (kind, disk) => {
      const original = temporaryDirectory();
      openRecords(original).add(recordOf(1));
      const killedAt = async (count: number): Promise<{ said: string; lock: string }> => {
        const directory = temporaryDirectory();
        cpSync(original, directory, { recursive: true });
        const said = await lockOrDie(directory, KEY, kind, String(count), disk);
        const lock = openRecords(directory).find(KEY)?.lock.state ?? '';
        rmSync(directory, { recursive: true });
        return { said, lock };
      };
      const whole = await killedAt(Number.MAX_SAFE_INTEGER);
      expect(whole).toMatchObject({ lock: kind, said: expect.stringMatching(/^told\nend \d+\n$/) });
      const calls = Number(/end (\d+)/.exec(whole.said)?.[1]);
      expect(calls).toBeGreaterThanOrEqual(4);
      const killed = await Promise.all(
        Array.from({ length: calls }, (_, count) => killedAt(count)),
      );
      // Before the first call nothing was done and nobody told; from the second on the lock holds.
      expect(killed.map(({ lock }) => lock)).toEqual([
        'none',
        ...Array.from({ length: calls - 1 }, () => kind),
      ]);
      for (const { said } of killed) expect(said).not.toContain('end');
    },
  );
});
