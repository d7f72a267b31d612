/**
 * Runs one command line and says what went wrong, for people and for machines.
 *
 * @module
 */
import { CommanderError } from 'commander';
import type { World } from './context.ts';
import { interruption } from './errors.ts';
import { EXIT, type ExitCode } from './exitCodes.ts';
import { errorEvent, explain, type Explanation } from './explain.ts';
import { createProgram } from './program.ts';
import { throughTerminal } from './terminal/streams.ts';

/** The streams and the environment of this process. */
export const processWorld: World = {
  stdout: throughTerminal(process.stdout),
  stderr: throughTerminal(process.stderr),
  environment: process.env,
};

/** Runs the arguments (without node and script) and gives the exit code. */
export async function main(
  args: readonly string[],
  world: World = processWorld,
): Promise<ExitCode> {
  const program = createProgram(world);
  const onInterrupt = (): void => {
    // Commands that end in order, and questions, listen themselves.
    if (process.listenerCount('SIGINT') > 1) return;
    process.exit(report(interruption(), args, world));
  };
  process.on('SIGINT', onInterrupt);
  try {
    await program.command.parseAsync([...args], { from: 'user' });
    return program.exitCode();
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok;
      // The text for people was written by commander.
      const message = error.message
        .replace(/^error: /, '')
        .replace(/^\(outputHelp\)$/, 'no command');
      tellMachines({ code: 'usage', message, exit: EXIT.usage, hint: undefined }, args, world);
      return EXIT.usage;
    }
    return report(error, args, world);
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

function report(error: unknown, args: readonly string[], world: World): ExitCode {
  const explanation = explain(error);
  const { message, hint, exit } = explanation;
  tellMachines(explanation, args, world);
  world.stderr.write(`error: ${message}\n${hint ? `  ${hint}\n` : ''}`);
  if (world.environment['QUORATE_DEBUG'] === '1' && error instanceof Error) {
    world.stderr.write(`${error.stack ?? ''}\n`);
  }
  return exit;
}

/** In JSON mode an error is the last line of stdout. */
function tellMachines(explanation: Explanation, args: readonly string[], world: World): void {
  const end = args.indexOf('--');
  if (!(end === -1 ? args : args.slice(0, end)).includes('--json')) return;
  world.stdout.write(`${JSON.stringify(errorEvent(explanation))}\n`);
}
