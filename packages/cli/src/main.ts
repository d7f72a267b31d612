/**
 * Runs one command line and reports errors, for people and for machines.
 *
 * @module
 */
import { CommanderError } from 'commander';
import type { World } from './context.ts';
import { leave } from './dev/interrupt.ts';
import { interruption } from './errors.ts';
import { EXIT, type ExitCode } from './exitCodes.ts';
import { errorEvent, explain, type Explanation } from './explain.ts';
import { createProgram, type Program, saidBetter } from './program.ts';
import { checkOptions } from './unknownOption.ts';
import { endWithoutTerminal } from './terminal/hangUp.ts';
import { printJson, printLine, printText } from './terminal/print.ts';
import { ProcessStream } from './terminal/streams.ts';

let stdout: ProcessStream | undefined;
let stderr: ProcessStream | undefined;

/** The streams and the environment of this process; each stream is taken over at its first use. */
export const processWorld: World = {
  get stdout() {
    return (stdout ??= new ProcessStream(process.stdout));
  },
  get stderr() {
    return (stderr ??= new ProcessStream(process.stderr));
  },
  environment: process.env,
};

/** Runs this process's command line and lets the process end. */
export async function runProcess(args: readonly string[]): Promise<void> {
  endWithoutTerminal();
  process.exitCode = await main(args);
  leave();
}

/** Runs the arguments (without node and script) and gives the exit code. */
export async function main(
  args: readonly string[],
  world: World = processWorld,
): Promise<ExitCode> {
  const { stdout: results } = world;
  const program = createProgram(world);
  const onInterrupt = (): void => {
    // Commands that end in order, and questions, listen for it themselves.
    if (process.listenerCount('SIGINT') > 1) return;
    process.exit(report(interruption(), args, world));
  };
  process.on('SIGINT', onInterrupt);
  try {
    const exit = await run(program, args, world);
    await results.settled?.();
    return exit === EXIT.ok && !program.served() ? lossExit(program, world) : exit;
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

async function run(program: Program, args: readonly string[], world: World): Promise<ExitCode> {
  try {
    checkOptions(program.command, args);
    await program.command.parseAsync([...args], { from: 'user' });
    return program.exitCode();
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok;
      // commander has written the text for people.
      const message = saidBetter(error.message)
        .replace(/^error: /, '')
        .replace(/^\(outputHelp\)$/, 'no command');
      tellMachines({ code: 'usage', message, exit: EXIT.usage, hint: undefined }, args, world);
      return EXIT.usage;
    }
    return report(error, args, world);
  }
}

/** Reports a lost result: the command did its work, but nobody may have got its output. */
function lossExit(program: Program, { stdout, stderr }: World): ExitCode {
  const { loss } = stdout;
  if (loss === undefined) return EXIT.ok;
  if (!loss.closed) printLine(stderr, `error: stdout cannot be written: ${loss.why}`);
  const again = program.again();
  if (again !== undefined) printLine(stderr, `the result was not shown; ${again} shows it`);
  return loss.closed ? EXIT.closed : EXIT.unwritten;
}

function report(error: unknown, args: readonly string[], world: World): ExitCode {
  const explanation = explain(error);
  const { message, hint, details = [], exit } = explanation;
  tellMachines(explanation, args, world);
  printLine(world.stderr, `error: ${message}`);
  for (const line of [...details, ...(hint ? [hint] : [])]) printLine(world.stderr, `  ${line}`);
  if (world.environment['QUORATE_DEBUG'] === '1' && error instanceof Error) {
    printText(world.stderr, `${error.stack ?? ''}\n`);
  }
  return exit;
}

/** In JSON mode an error is the last line of stdout. */
function tellMachines(explanation: Explanation, args: readonly string[], world: World): void {
  const end = args.indexOf('--');
  if (!(end === -1 ? args : args.slice(0, end)).includes('--json')) return;
  printJson(world.stdout, errorEvent(explanation));
}
