import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { Program } from '../src/dev/program.ts';

let place: string;
beforeAll(() => {
  place = temporaryDirectory();
});

test.each([
  ['a full disk', '/dev/full'],
  ['a directory that is gone', '/nowhere/program.log'],
])(
  'Z-13: a log on %s ends neither the program nor this one, and it is started again',
  async (_, logFile) => {
    const data = mkdtempSync(join(place, 'data-'));
    let first = true;
    let crashed: (text: string) => void = () => undefined;
    const noticed = new Promise<string>((resolve) => {
      crashed = resolve;
    });
    const program = new Program({
      name: 'coordinator',
      ready: 'listening',
      args: () => {
        const init = first ? ['--init'] : [];
        first = false;
        return [
          'coordinator',
          '--data',
          data,
          '--port',
          '0',
          '--json',
          '--stop-with-stdin',
          ...init,
        ];
      },
      logFile,
      onCrash: crashed,
    });
    try {
      expect(await program.start()).toMatchObject({ event: 'listening' });
      const { pid } = program;
      process.kill(pid!, 'SIGKILL');
      expect(await noticed).toBe('coordinator ended unexpectedly (SIGKILL): starting it again');
      await expect.poll(() => program.pid, { timeout: 20_000 }).not.toBe(pid);
      expect(program.pid).toBeGreaterThan(0);
    } finally {
      await program.stop();
    }
  },
);
