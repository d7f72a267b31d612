/**
 * The options by which commands choose a chip.
 *
 * @module
 */
import type { Command } from 'commander';

/** The options that say which chip is meant. */
export function withChipChoice(command: Command): Command {
  return command
    .requiredOption('--directory <dir>', 'the agent’s directory')
    .option(
      '--chip <file>',
      'use another chip than the agent’s: a YAML file like its section `chip`',
    );
}

/** The options that say which chip is meant, and its PIN. */
export function withChipOptions(command: Command): Command {
  return withChipChoice(command).option(
    '--pin-file <file>',
    'file of mode 0600 (default: the agent’s own, else a prompt)',
  );
}

/** The option that lets a person use the last try of a PIN or PUK. */
export function withLastTry(command: Command, what: 'PIN' | 'PUK' = 'PIN'): Command {
  return command.option('--last-try', `use even the last try of the ${what}`);
}
