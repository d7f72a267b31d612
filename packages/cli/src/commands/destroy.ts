/**
 * `quorate destroy`: asks every holder of a key to destroy its shard.
 *
 * @module
 */
import type { Terminal } from '@quorate/holder';
import type { OutcomeOf } from '@quorate/agent';
import { KeyAnswer, LIMITS, SessionAnswer } from '@quorate/wire';
import { ceremonyCommand } from '../ceremonies/command.ts';
import { parseText } from '../ceremonies/options.ts';
import type { CeremonyCommand, CeremonyOptions, Told } from '../ceremonies/shape.ts';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../errors.ts';
import { EXIT } from '../exitCodes.ts';
import type { Api } from '../remote/api.ts';
import { foreign, table } from '../terminal/output.ts';
import { promptLine } from '../terminal/prompt.ts';
import { parseAccount } from './verify.ts';

interface DestroyOptions extends CeremonyOptions {
  readonly address: string;
  readonly reason: string;
  readonly yes?: boolean;
}

/** The command. */
export const destroy: CeremonyCommand<'destroy'> = ceremonyCommand<'destroy', DestroyOptions>({
  kind: 'destroy',
  description: 'destroy a key for ever, with the consent of every holder',
  options: (command) =>
    command
      .requiredOption('--address <address>', 'address of the key')
      .requiredOption(
        '--reason <text>',
        'why; every holder sees it, and the log keeps it',
        (text) => parseText(text, LIMITS.reason),
      )
      .option('--yes', 'skip typing the address once more'),
  help: `
Every holder has to consent, except those whose chips are marked lost or destroyed
(quorate chips state). After that the key signs nothing more, and each chip deletes its
record when it is next connected.

Example:
  quorate destroy --address 0x… --reason "the account is closed"`,

  async begin(context, options, api) {
    const path = `/api/v1/keys/${parseAccount(options.address)}`;
    const reason = options.reason.trim();
    if (reason === '') throw usageError('--reason must not be empty');
    const key = await api().call(KeyAnswer, { method: 'GET', path });
    if (options.yes !== true) await askForAddress(context, key);
    const { threshold, total_parts, address } = key;
    return {
      label: 'asking for the destruction',
      order: async (registry, session_key) => ({
        session_key,
        threshold,
        total_parts,
        address,
        reason,
        participants: await participantsOf(registry, key, options.sessionKey),
      }),
      tell: (outcome) => tell(context, key, outcome),
    };
  },
});

/** The holders that a followed session asked; for a new session those who can be asked. */
async function participantsOf(
  api: Api,
  key: KeyAnswer,
  sessionKey: string | undefined,
): Promise<string[]> {
  if (sessionKey === undefined) return present(key);
  try {
    const path = `/api/v1/sessions/${sessionKey}`;
    const { participants } = await api.call(SessionAnswer, { method: 'GET', path });
    return participants.map(({ username }) => username);
  } catch (error) {
    if (error instanceof CliError && error.code === 'unknown_session') return present(key);
    throw error;
  }
}

/** The holders who can be asked; the coordinator says which chips are gone. */
function present(key: KeyAnswer): string[] {
  const here = key.holders.filter(
    ({ chip_state }) => chip_state !== 'lost' && chip_state !== 'destroyed',
  );
  if (here.length === 0) throw usageError('no holder of this key has a chip left');
  return here.map(({ username }) => username);
}

/**
 * Has the person type the whole address: a yes comes too easily.
 *
 * @throws CliError `not_confirmed` for anything else, `usage` when nobody is at a terminal
 */
export async function askForAddress(
  { output }: Pick<Context, 'output'>,
  { address }: { readonly address: string },
  terminal?: Terminal,
): Promise<void> {
  output.warn(`this destroys ${address} for ever; its funds stay where they are`);
  const question = 'The address to destroy';
  const typed = await promptLine(question, `${question}, typed out:`, '--yes', terminal);
  if (typed.toLowerCase() === address.toLowerCase()) return;
  throw new CliError('not_confirmed', 'you typed another address; nothing was requested', {
    exit: EXIT.refused,
  });
}

/** The holders whom the completion does not name have not proven it: an administrator closed the destruction. */
function tell(context: Context, key: KeyAnswer, { address, parts }: OutcomeOf<'destroy'>): Told {
  const rows = key.holders.map(({ part_index, username }) => {
    const outcome = parts.find((part) => part.part_index === part_index)?.outcome;
    return [String(part_index), foreign(username), recordOf(outcome)];
  });
  const unproven = key.holders.filter(
    ({ part_index }) => !parts.some((part) => part.part_index === part_index),
  );
  for (const { username } of unproven) {
    context.output.warn(`not proven for ${foreign(username)}: an administrator closed it`);
  }
  const names = unproven.map(({ username }) => username);
  return {
    result: { address, parts, ...(names.length === 0 ? {} : { unproven: names }) },
    lines: [`destroyed  ${address}`, '', ...table(['PART', 'HOLDER', 'RECORD'], rows)],
  };
}

function recordOf(outcome: OutcomeOf<'destroy'>['parts'][number]['outcome'] | undefined): string {
  if (outcome === undefined) return 'not proven';
  return outcome === 'deleted' ? 'deleted, with a signed receipt' : `not asked: chip ${outcome}`;
}
