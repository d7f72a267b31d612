/**
 * Finds an unknown option before commander names missing ones: the mistyped option is usually the missing one.
Where a virtual chip is kept, and what opens it.=>Where a virtual chip is kept, and the passphrase that opens it.
 *
 * @module
 */
import { nearest } from '@quorate/wire';
import type { Command, Option } from 'commander';
import { usageError } from './errors.ts';

/** Refuses the first unknown `--option` of a command line. @throws CliError `usage` with the nearest known one */
export function checkOptions(program: Command, args: readonly string[]): void {
  let command = program;
  let operands = false;
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (arg === '--') return;
    if (!arg.startsWith('-')) {
      const inner: Command | undefined = operands
        ? undefined
        : command.commands.find((one) => isNamed(one, arg));
      operands = inner === undefined;
      command = inner ?? command;
      continue;
    }
    const [flag = ''] = arg.split('=', 1);
    const known = optionsOf(command);
    const option = known.find(({ long, short }) => long === flag || short === flag);
    // The value of an option may look like anything.
    if (option !== undefined && (option.required || option.optional) && flag === arg) at += 1;
    if (option === undefined && arg.startsWith('--')) throw unknown(flag, known);
  }
}

function isNamed(command: Command, name: string): boolean {
  return command.name() === name || command.aliases().includes(name);
}

/** Those of the command, of those above it, and of the help. */
function optionsOf(command: Command): readonly Option[] {
  const own = command.createHelp().visibleOptions(command);
  const all = [...own, ...command.options];
  return command.parent === null ? all : [...all, ...optionsOf(command.parent)];
}

function unknown(flag: string, known: readonly Option[]): Error {
  const longs = known.flatMap(({ long, hidden }) => (long === undefined || hidden ? [] : [long]));
  const meant = nearest(flag, longs, Math.max(1, Math.floor((flag.length - 2) / 3)));
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  return usageError(`unknown option ${flag}${hint}`, 'quorate --help shows every command');
}
