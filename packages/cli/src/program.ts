/**
 * The command line: every command, its options and its help.
 *
 * @module
 */
import { createRequire } from 'node:module';
import { Command } from 'commander';
import { registerCeremonies } from './ceremonies/index.ts';
import { registerAgent } from './commands/agent.ts';
import { registerAudit } from './commands/audit.ts';
import { registerBench } from './commands/bench.ts';
import { registerChips } from './commands/chips/index.ts';
import { registerCoordinator } from './commands/coordinator.ts';
import { registerCosign } from './commands/cosign/index.ts';
import { registerCosigner } from './commands/cosigner/index.ts';
import { registerDemo } from './commands/demo.ts';
import { registerDev } from './commands/dev.ts';
import { registerHealth } from './commands/health.ts';
import { registerKeys } from './commands/keys.ts';
import { registerRoster } from './commands/roster.ts';
import { registerSessions } from './commands/sessions.ts';
import { registerUsers } from './commands/users/index.ts';
import { registerVerify } from './commands/verify.ts';
import { type Attach, contextOf, type World } from './context.ts';
import { addExamples } from './examples.ts';
import { EXIT, type ExitCode, exitCodeHelp } from './exitCodes.ts';
import { checkDirectoryOf } from './files.ts';
import type { Output } from './terminal/output.ts';
import { printText } from './terminal/print.ts';

/** The program and what is known of the command that it ran. */
export interface Program {
  readonly command: Command;
  exitCode(): ExitCode;
  /** It served until it was stopped. */
  served(): boolean;
  /** The command that shows its result once more. */
  again(): string | undefined;
}

/** Builds the command line; nothing runs yet. */
export function createProgram(world: World): Program {
  let exit: ExitCode = EXIT.ok;
  let served = false;
  let output: Output | undefined;
  const program = new Command('quorate')
    .description('threshold-signature custody: t-of-n keys of people, two-party keys of servers')
    .version(version(), '-V, --version')
    .option('--json', 'one JSON object a line on stdout, for machines')
    .option('-q, --quiet', 'no progress on stderr')
    .option('--no-color', 'no colour (NO_COLOR does the same)')
    .showHelpAfterError('(quorate --help shows every command)')
    .showSuggestionAfterError(true)
    .addHelpText('after', `\n${exitCodeHelp()}\n\nStart here: quorate demo --once`)
    .configureOutput({
      writeOut: (text) => printText(world.stdout, text),
      writeErr: (text) => printText(world.stderr, text),
      outputError: (text, write) => write(saidBetter(text)),
    })
    .exitOverride();
  const attach: Attach = (command, action, nature) => {
    command.action(async (...received: unknown[]) => {
      checkOutputs(command);
      const context = contextOf(command, world);
      served = nature?.serves === true;
      if (served) tellLosses(context.output);
      output = context.output;
      const code = await action(context, optionsOf(command), stringsOf(received));
      exit = code ?? EXIT.ok;
    });
  };
  for (const register of COMMANDS) register(program, attach);
  addExamples(program);
  return {
    command: program,
    exitCode: () => exit,
    served: () => served,
    again: () => output?.again,
  };
}

/** Commander's sentence about a value, with what was expected. */
export function saidBetter(text: string): string {
  return text.replace(/ is invalid\. (?=\S)/, ' is invalid: expected ');
}

/** Lets a serving program go on without one of its streams, and warns on the other. */
function tellLosses(output: Output): void {
  const { stdout, stderr } = output.options;
  stdout.onLoss?.(({ why }) => output.warn(`stdout cannot be written: ${why}`));
  stderr.onLoss?.(({ why }) => {
    const message = `stderr cannot be written: ${why}`;
    if (output.json) output.event({ event: 'warning', message });
    else output.lines([`warning: ${message}`]);
  });
}

const COMMANDS: readonly ((program: Command, attach: Attach) => void)[] = [
  registerDemo,
  registerDev,
  registerCoordinator,
  registerAgent,
  registerCeremonies,
  registerCosigner,
  registerCosign,
  registerVerify,
  registerKeys,
  registerSessions,
  registerUsers,
  registerChips,
  registerRoster,
  registerAudit,
  registerHealth,
  registerBench,
];

/** Checks the output paths before the command asks or makes anything. */
function checkOutputs(command: Command): void {
  const { out, setupTokenOut }: Record<string, unknown> = command.opts();
  for (const file of [out, setupTokenOut]) {
    if (typeof file === 'string') checkDirectoryOf(file);
  }
}

/** Erasure point: each command declares the options that it reads. */
function optionsOf<Options>(command: Command): Options {
  return command.optsWithGlobals() as Options;
}

/** Positional arguments; commander adds the options and the command after them. */
function stringsOf(received: readonly unknown[]): string[] {
  return received
    .flatMap((value): unknown[] => (Array.isArray(value) ? value : [value]))
    .filter((value) => typeof value === 'string');
}

function version(): string {
  const manifest: unknown = createRequire(import.meta.url)('../package.json');
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : '0';
}
