/**
 * `quorate bench`: runs the benchmarks of a checkout.
 *
 * @module
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { Attach } from '../context.ts';
import { usageError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exitCodes.ts';

const SCRIPT = fileURLToPath(new URL('../../../../scripts/bench.mjs', import.meta.url));

/** Adds the command. */
export function registerBench(program: Command, attach: Attach): void {
  const command = program
    .command('bench')
    .description('measure the protocols and the coordinator (in a checkout of the repository)')
    .option('--portable', 'use the portable backend instead of the native one');
  attach<{ json?: boolean; portable?: boolean }>(command, async (_context, options) => {
    if (!existsSync(SCRIPT)) {
      throw usageError(
        'the benchmarks are not part of the package',
        'run the command in a checkout',
      );
    }
    const args = [options.json ? '--json' : '', options.portable ? '--portable' : ''];
    return runScript(args.filter((arg) => arg !== ''));
  });
}

function runScript(args: readonly string[]): Promise<ExitCode> {
  const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code === 0 ? EXIT.ok : EXIT.unexpected));
  });
}
