// Pages whose commands run word for word: every block marked `sh run`, in one shell, in an empty directory.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../support/temporaryDirectory.ts';
import { QUORATE, run } from './processes.ts';

/** The page's commands; a failure names its block by the number of its first line. */
export function scriptOf(page: URL, after: Readonly<Record<number, string>> = {}): string {
  const lines = readFileSync(page, 'utf8').split('\n');
  const blocks: string[] = [];
  let block = 0;
  for (const [at, line] of lines.entries()) {
    if (line !== '```sh run') continue;
    block += 1;
    const end = lines.indexOf('```', at);
    blocks.push(`echo "== line ${at + 2}"`, ...lines.slice(at + 1, end), after[block] ?? '');
  }
  return blocks.join('\n');
}

/** Where a script ran, and what it said. */
export interface Scripted {
  readonly directory: string;
  readonly work: string;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script in an empty directory with `quorate` on the path; what it leaves running is ended. */
export async function runScript(
  script: string,
  prepare: (work: string) => void = () => undefined,
): Promise<Scripted> {
  const directory = temporaryDirectory();
  const work = join(directory, 'work');
  mkdirSync(join(directory, 'bin'));
  symlinkSync(QUORATE, join(directory, 'bin', 'quorate'));
  mkdirSync(work);
  prepare(work);
  const cleanUp = `trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT`;
  const [command = '', ...args] = inOwnNetwork(`set -euo pipefail\n${cleanUp}\n${script}`);
  const { PATH = '' } = process.env;
  const env = { ...process.env, PATH: `${join(directory, 'bin')}:${PATH}`, HOME: directory };
  return { directory, work, ...(await run(command, args, { cwd: work, env })) };
}

/** With a loopback of its own where the system has such: the ports of a page are free there. */
function inOwnNetwork(script: string): string[] {
  const up = 'ip link set lo up';
  const alone = ['unshare', '-rn', 'bash', '-c'];
  const [command = '', ...args] = alone;
  const possible = spawnSync(command, [...args, up]).status === 0;
  return possible ? [...alone, `${up}\n${script}`] : ['bash', '-c', script];
}
