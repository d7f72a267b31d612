// Real programs whose output nobody reads to its end, or has no room.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { EXIT } from '../src/exitCodes.ts';
import { Cosigners } from './support/cosigners.ts';
import { quorate } from './support/world.ts';

const QUORATE = fileURLToPath(new URL('../bin/quorate.js', import.meta.url));
const NOWHERE = ['health', '--url', 'http://127.0.0.1:1', '--json'];

/** Runs a line of a shell in which `quorate` is the build; `$CODE` is what the program ended with. */
function shell(line: string): { code: number | null; stdout: string; stderr: string } {
  const quoted = `quorate() { '${process.execPath}' '${QUORATE}' "$@"; }; ${line}`;
  const ran = spawnSync('sh', ['-c', quoted], { encoding: 'utf8' });
  return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr };
}

const NO_SPACE = 'stdout cannot be written: no space left on device';

describe('a short command', () => {
  test('X-7: ends quietly and with 141 when nobody reads to the end', () => {
    const ran = shell('{ quorate --help; echo $? >&2; } | true');
    expect(ran.stderr.trim()).toBe(String(EXIT.closed));
    expect(shell('quorate --help | head -n 1').stdout).toBe('Usage: quorate [options] [command]\n');
  });

  test('X-7: keeps the code of what went wrong, whoever reads', () => {
    const ran = shell(`{ quorate ${NOWHERE.join(' ')}; echo $? >&2; } | true`);
    expect(ran.stderr).toMatch(/^error: .*\n5\n$/);
  });

  test.skipIf(!existsSync('/dev/full'))(
    'X-7: says on stderr that stdout is full, and ends with 7',
    () => {
      expect(shell('quorate --help > /dev/full')).toMatchObject({
        code: EXIT.unwritten,
        stderr: `error: ${NO_SPACE}\n`,
      });
      expect(shell(`quorate ${NOWHERE.join(' ')} > /dev/full`).code).toBe(EXIT.unreachable);
    },
  );

  test.skipIf(!existsSync('/dev/full'))('X-7: does its work without a stderr', () => {
    const ran = shell('quorate --version 2> /dev/full');
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect(shell('quorate nosuch 2> /dev/full').code).toBe(EXIT.usage);
    expect(shell('quorate --help > /dev/full 2> /dev/full').code).toBe(EXIT.unwritten);
  });
});

describe.skipIf(!existsSync('/dev/full'))('a server', () => {
  const directory = temporaryDirectory();

  /** Starts it with a redirection; gives its first line of stdout and a way to end it. */
  async function start(args: readonly string[], redirection: string) {
    const words = ['exec', process.execPath, QUORATE, ...args, redirection];
    const child = spawn('sh', ['-c', words.join(' ')], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8');
    });
    const lines: Record<string, unknown>[] = [];
    const reader = createInterface({ input: child.stdout });
    reader.on('line', (line) => lines.push(JSON.parse(line) as Record<string, unknown>));
    const ended = once(child, 'exit');
    const over = ended.then(() => Promise.reject(new Error(`ended: ${stderr}`)));
    const said = async (which: (line: Record<string, unknown>) => boolean): Promise<void> => {
      while (!lines.some(which)) await Promise.race([once(reader, 'line'), over]);
    };
    await said(({ event }) => event === 'listening');
    over.catch(() => undefined);
    const url = String(lines.find(({ event }) => event === 'listening')?.['url']);
    return {
      child,
      lines,
      url,
      said,
      stop: async (): Promise<unknown> => {
        child.kill('SIGTERM');
        return (await ended)[0];
      },
    };
  }

  const data = join(directory, 'data');
  const words = `coordinator --data ${data} --init --port 0 --json --log-level debug`;
  const coordinator = words.split(' ');

  test('X-6: a coordinator goes on without a stderr, then without a stdout, and ends in order', async () => {
    const server = await start(coordinator, '2> /dev/full');
    const ask = async (): Promise<number> =>
      (await fetch(new URL('/api/v1/keys', server.url))).status;
    expect(await ask()).toBe(401);
    await server.said(({ event }) => event === 'warning');
    expect(server.lines.filter(({ event }) => event === 'warning')).toEqual([
      { event: 'warning', message: 'stderr cannot be written: no space left on device' },
    ]);
    server.child.stdout.destroy();
    for (let asked = 0; asked < 5; asked += 1) expect(await ask()).toBe(401);
    expect(await server.stop()).toBe(0);
  });

  test.skipIf(!existsSync('/usr/bin/script'))(
    'X-6: a coordinator ends in order when its terminal goes away',
    async () => {
      const at = join(directory, 'terminal');
      const program = `'${process.execPath}' '${QUORATE}' coordinator --data '${at}' --init --port 0`;
      const line = `trap 'kill -HUP $!' HUP; ${program} & wait $!; wait $!; echo $? >&3`;
      // The terminal exists for as long as script does; its first program is told of the end.
      const child = spawn('/usr/bin/script', ['-qec', line, '/dev/null'], {
        stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      });
      const code = child.stdio[3];
      if (!(code instanceof Readable) || child.stdout === null) throw new Error('no pipes');
      for await (const shown of createInterface({ input: child.stdout })) {
        if (shown.startsWith('listening on ')) break;
      }
      child.kill('SIGKILL');
      expect(await text(code)).toBe('0\n');
    },
  );

  test('X-6: a cosigner goes on without a stderr', async () => {
    const pair = new Cosigners();
    try {
      for (const side of ['enterprise', 'mobile-app']) {
        expect((await quorate('cosigner', 'init', '--config', pair.at(`${side}.yaml`))).exit).toBe(
          0,
        );
      }
      const config = pair.at('enterprise.yaml');
      const args = ['cosigner', '--config', config, '--json', '--log-level', 'debug'];
      const server = await start(args, '2> /dev/full');
      for (let asked = 0; asked < 5; asked += 1) {
        expect((await fetch(new URL('/healthz', server.url))).status).toBe(200);
      }
      expect(await server.stop()).toBe(0);
    } finally {
      await pair.close();
    }
  });
});
