/**
 * The command of a ceremony: its own options, and those that all kinds have.
 *
 * @module
 */
import type { Kind } from '@quorate/wire';
import type { Command } from 'commander';
import { withLogin } from '../commands/users/index.ts';
import type { Attach } from '../context.ts';
import { parseSessionKey, parseWait, WAIT_SECONDS } from './options.ts';
import { runCeremony } from './run.ts';
import type { CeremonyCommand, CeremonyOptions, CliCeremony } from './shape.ts';

/** Makes the command of one kind. */
export function ceremonyCommand<K extends Kind, O extends CeremonyOptions>(
  ceremony: CliCeremony<K, O>,
): CeremonyCommand<K> {
  const { kind, description, options, out, help } = ceremony;
  const register = (program: Command, attach: Attach): void => {
    const command = options(withLogin(program.command(kind)).description(description))
      .option('--session-key <key>', 'a name never used before (default: random)', parseSessionKey)
      .option('--wait <seconds>', 'give up waiting after this time', parseWait, WAIT_SECONDS);
    if (out !== undefined) command.option('--out <file>', out);
    command.addHelpText('after', help);
    attach<O>(command, (context, given) => runCeremony(context, ceremony, given));
  };
  return { kind, register };
}
