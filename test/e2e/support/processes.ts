// Programs of this repository as a user starts them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../../support/temporaryDirectory.ts';

/** The command line of the build. */
export const QUORATE = fileURLToPath(
  new URL('../../../packages/cli/bin/quorate.js', import.meta.url),
);

/** The line that `quorate dev --json` prints. */
interface DevCluster {
  readonly url: string;
  readonly ws_url: string;
  readonly admin_token: string;
  readonly users: readonly {
    readonly username: string;
    readonly role: string;
    readonly token: string;
  }[];
}

/** A running `quorate dev`. */
export interface Dev {
  readonly cluster: DevCluster;
  readonly child: ChildProcess;
  /** The only place where it may leave files. */
  readonly temporary: string;
  /** The files left there. */
  leftovers(): string[];
  /** Ends it and gives its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts `quorate dev` and waits for its line. */
export async function startDev(parties: number, more: readonly string[] = []): Promise<Dev> {
  const temporary = temporaryDirectory();
  const args = ['dev', '--parties', String(parties), '--port', '0', '--json', ...more];
  const child = spawn(process.execPath, [QUORATE, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: temporary },
  });
  const ended = once(child, 'exit');
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  const line = await firstLine(child).catch((error: unknown) => {
    throw new Error(`quorate dev did not start: ${String(error)}\n${said}`);
  });
  return {
    cluster: JSON.parse(line) as DevCluster,
    child,
    temporary,
    leftovers: () => readdirSync(temporary),
    async stop(signal = 'SIGINT') {
      child.kill(signal);
      const [code] = (await ended) as [number | null];
      if (signal !== 'SIGKILL') return code;
      // Its programs may still write there until they notice that it is gone.
      rmSync(temporary, { recursive: true, force: true, maxRetries: 50 });
      return code;
    },
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    if (child.stdout) createInterface({ input: child.stdout }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)));
  });
}

/** Runs a program to its end. */
export async function run(
  command: string,
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: NodeJS.ProcessEnv;
    readonly input?: string;
  } = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: options.cwd,
    env: options.env ?? process.env,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  // A program that ends without reading is no fault of its test's.
  child.stdin.on('error', () => undefined).end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
