/**
 * The options with which commands name a chip.
 *
 * @module
 */
import type { Command } from 'commander';

/** The options that say which chip is meant. */
export function withChipOptions(command: Command): Command {
  return command
    .requiredOption('--directory <dir>', 'the agent’s directory')
    .option('--chip <file>', 'another chip than the agent’s: a file like its section `chip`')
    .option('--pin-file <file>', 'a file of mode 0600 (default: the agent’s, or you are asked)');
}
