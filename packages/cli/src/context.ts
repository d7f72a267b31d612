/**
 * The context of a command: its output, its progress, and who may ask the person something.
 *
 * @module
 */
import type { Command } from 'commander';
import type { ExitCode } from './exitCodes.ts';
import { Output } from './terminal/output.ts';
import type { TextStream } from './terminal/stream.ts';
import { Progress } from './terminal/progress.ts';

/** The world around the program; tests give their own. */
export interface World {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly environment: NodeJS.ProcessEnv;
}

/** The context that a command works with. */
export interface Context {
  readonly world: World;
  readonly output: Output;
  readonly progress: Progress;
}

/** Options that every command knows. */
interface GlobalOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color?: boolean;
}

/** The work of one command; a number is its exit code, nothing means 0. */
type Action<Options> = (
  context: Context,
  options: Options,
  args: readonly string[],
) => Promise<ExitCode | undefined> | Promise<void>;

/** How a command lives. */
interface Nature {
  /** It runs until it is stopped, and its output is not a result. */
  readonly serves: boolean;
}

/** Attaches the work to a command. */
export type Attach = <Options>(command: Command, action: Action<Options>, nature?: Nature) => void;

/** Makes the context from what the command line says. */
export function contextOf(command: Command, world: World): Context {
  const options = command.optsWithGlobals<GlobalOptions>();
  const output = new Output({
    stdout: world.stdout,
    stderr: world.stderr,
    json: options.json === true,
    quiet: options.quiet === true,
    colour: options.color !== false && wantsColour(world),
  });
  return { world, output, progress: new Progress(output) };
}

function wantsColour(world: World): boolean {
  const never = world.environment['NO_COLOR'];
  return (never === undefined || never === '') && world.stderr.isTTY === true;
}

/** Progress for the eye alone, for commands whose JSON is one line. */
export function humanProgress(context: Context): Progress {
  return new Progress(new Output({ ...context.output.options, json: false }));
}
