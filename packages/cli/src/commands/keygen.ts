/**
 * `quorate keygen`: asks people to make a key together.
 *
 * @module
 */
import { ceremonyCommand } from '../ceremonies/command.ts';
import { parseNames } from '../ceremonies/options.ts';
import type { CeremonyCommand, CeremonyOptions } from '../ceremonies/shape.ts';
import { usageError } from '../errors.ts';
import { wholeNumber } from '../numbers.ts';

interface KeygenOptions extends CeremonyOptions {
  readonly threshold: number;
  readonly participants: readonly string[];
}

const parseThreshold = wholeNumber(2, 32);

/** The command. */
export const keygen: CeremonyCommand<'keygen'> = ceremonyCommand<'keygen', KeygenOptions>({
  kind: 'keygen',
  description: 'make a key: n people hold it, t of them sign',
  options: (command) =>
    command
      .requiredOption('--threshold <t>', 'number of signers needed', parseThreshold)
      .requiredOption('--participants <names>', 'holders, comma-separated, in order', parseNames),
  help: `
The order of the participants fixes their part indexes for the life of the key.
Repeating the command with the same --session-key is safe.

Example:
  quorate keygen --threshold 2 --participants alice,bob,carol`,

  begin(_context, { threshold, participants }) {
    const size = { threshold, total_parts: participants.length };
    if (threshold > participants.length) {
      throw usageError(
        `threshold ${threshold} exceeds the number of participants (${participants.length})`,
      );
    }
    return {
      label: `asking for a ${threshold}-of-${participants.length} key`,
      order: (_api, session_key) => ({ session_key, ...size, participants: [...participants] }),
      tell: ({ address, publicKey }) => ({
        result: { address, public_key: publicKey, ...size, participants },
        lines: [`address     ${address}`, `public key  ${publicKey}`],
      }),
    };
  },
});
