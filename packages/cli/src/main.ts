/**
 * Runs one command line and says what went wrong, for people and for machines.
 *
 * @module
 */
import { CommanderError } from 'commander';
import type { World } from './context.ts';
import { EXIT, type ExitCode } from './exitCodes.ts';
import { explain } from './explain.ts';
import { createProgram } from './program.ts';

/** The streams and the environment of this process. */
export const processWorld: World = {
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
};

/** Runs the arguments (without node and script) and gives the exit code. */
export async function main(
  args: readonly string[],
  world: World = processWorld,
): Promise<ExitCode> {
  const program = createProgram(world);
  try {
    await program.command.parseAsync([...args], { from: 'user' });
    return program.exitCode();
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return report(error, args, world);
  }
}

function report(error: unknown, args: readonly string[], world: World): ExitCode {
  const { code, message, hint, exit } = explain(error);
  if (args.includes('--json')) {
    const event = { event: 'error', code, message, ...(hint ? { hint } : {}), exit_code: exit };
    world.stdout.write(`${JSON.stringify(event)}\n`);
  }
  world.stderr.write(`error: ${message}\n${hint ? `  ${hint}\n` : ''}`);
  if (world.environment['QUORATE_DEBUG'] === '1' && error instanceof Error) {
    world.stderr.write(`${error.stack ?? ''}\n`);
  }
  return exit;
}
