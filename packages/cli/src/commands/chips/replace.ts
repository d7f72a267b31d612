/**
 * `quorate chips replace|approve-replacement|cancel-replacement|replacements`.
 *
 * @module
 */
import { SOFTWARE_CHIP } from '@quorate/holder';
import {
  type Journal,
  loadAgentConfig,
  parseChipFile,
  readJournal,
  type ReplaceChip,
  replaceChip,
  type ReplaceProgress,
} from '@quorate/agent';
import type { ChipAttachment } from '@quorate/secure-element';
import type { ReplacementAnswer } from '@quorate/wire';
import { type Command, InvalidArgumentError } from 'commander';
import { resolve } from 'node:path';
import type { Attach, Context } from '../../context.ts';
import { CliError, messageOf, usageError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exitCodes.ts';
import { explain } from '../../explain.ts';
import { readText } from '../../files.ts';
import { existingPinFile } from '../../operations/agents.ts';
import { openConfigured } from '../../operations/chipAccess.ts';
import { sameFingerprint } from '../../operations/chips.ts';
import { pinProblem } from '../../operations/chipTries.ts';
import {
  approveReplacement,
  cancelReplacement,
  isOpen,
  listReplacements,
  replacementService,
} from '../../operations/replacements.ts';
import { loginApi } from '../../remote/api.ts';
import { obtainSecret } from '../../secrets.ts';
import { foreign, table } from '../../terminal/output.ts';
import { confirm } from '../../terminal/prompt.ts';
import { withLastTry } from './options.ts';
import { kindText } from './show.ts';
import { loginPath, withLogin } from '../users/index.ts';

interface LoginOption {
  readonly login?: string;
}

interface ReplaceCommand extends LoginOption {
  readonly directory: string;
  readonly seId?: string;
  readonly chip?: string;
  readonly label?: string;
  readonly pinFile?: string;
  readonly newPinFile?: string;
  readonly retire?: 'destroyed' | 'disabled';
  readonly lastTry?: boolean;
}

/** Adds the commands. */
export function registerReplacing(chips: Command, attach: Attach): void {
  const replace = withLastTry(withLogin(chips.command('replace')))
    .description('move your shards to a new chip; run again after the approval or a crash')
    .requiredOption('--directory <dir>', 'the agent’s directory (stop the agent first)')
    .option('--se-id <name>', 'the name of the new chip in the registry')
    .option('--chip <file>', 'the new chip: a YAML file like the configuration’s section `chip`')
    .option('--label <text>', 'a label for people')
    .option(
      '--pin-file <file>',
      'PIN file of the old chip (default: the agent’s own, else a prompt)',
    )
    .option('--new-pin-file <file>', 'PIN file of the new chip (default: a prompt)')
    .option(
      '--retire <state>',
      'state of the old chip afterwards: destroyed or disabled',
      parseRetirement,
    );
  attach<ReplaceCommand>(replace, replaceCommand);
  const approve = withLogin(chips.command('approve-replacement <new-se-id>'))
    .description('approve a new chip after comparing its fingerprint (administrators)')
    .option(
      '--fingerprint <text>',
      'the new fingerprint, as the holder told you (default: a question)',
    );
  attach<LoginOption & { fingerprint?: string }>(approve, approveCommand);
  attach<LoginOption>(
    withLogin(chips.command('cancel-replacement <new-se-id>')).description(
      'cancel a replacement before the switch',
    ),
    cancelCommand,
  );
  attach<LoginOption>(
    withLogin(chips.command('replacements')).description('list replacements and their progress'),
    listCommand,
  );
}

function parseRetirement(text: string): 'destroyed' | 'disabled' {
  if (text === 'destroyed' || text === 'disabled') return text;
  throw new InvalidArgumentError('destroyed or disabled');
}

async function replaceCommand(context: Context, options: ReplaceCommand): Promise<ExitCode> {
  const { directory } = options;
  const config = loadAgentConfig(directory);
  const journal = readJournal(directory);
  const attachment = newAttachment(options, journal);
  const seId = options.seId ?? journal?.se_id;
  if (attachment === undefined || seId === undefined) {
    throw usageError('which chip is the new one?', 'give --chip and --se-id');
  }
  if (attachment.kind === 'virtual') context.output.warn(SOFTWARE_CHIP);
  const answer = await replaceChip({
    directory,
    service: replacementService(loginApi(loginPath(context, options)), config.username),
    old: oldChip(context, options, journal?.old_chip.attachment ?? config.chip, journal),
    fresh: {
      ...chipOf(context, options, attachment, {
        file: options.newPinFile ?? journal?.new_pin_file ?? undefined,
        question: 'PIN of the new chip',
        option: '--new-pin-file',
      }),
      seId,
      label: options.label,
      pinFile: options.newPinFile === undefined ? undefined : resolve(options.newPinFile),
    },
    retire: options.retire ?? journal?.retire ?? 'destroyed',
    progress: (event) => tellProgress(context, event),
  }).catch((error: unknown) => {
    throw pinProblem(error) ?? error;
  });
  return tellEnd(context, answer);
}

function newAttachment(
  { chip }: ReplaceCommand,
  journal: Journal | undefined,
): ChipAttachment | undefined {
  if (chip === undefined) return journal?.new_chip.attachment;
  return parseChipFile(readText(chip, 'chip file'), chip);
}

function oldChip(
  context: Context,
  options: ReplaceCommand,
  attachment: ChipAttachment,
  journal: Journal | undefined,
): ReplaceChip {
  const { directory } = options;
  // After the adoption the agent's PIN file may hold the new chip's PIN.
  const own = journal?.phase === 'adopted' ? undefined : existingPinFile(directory);
  const chip = chipOf(context, options, attachment, {
    file: options.pinFile ?? own,
    question: 'PIN of the old chip',
    option: '--pin-file',
  });
  return {
    ...chip,
    open: () =>
      chip.open().catch((error: unknown) => {
        const { code, exit } = explain(error);
        throw new CliError(code, `the old chip cannot be opened: ${messageOf(error)}`, {
          exit,
          hint: 'a lost chip cannot be replaced: mark it lost, make new keys, move the funds',
          cause: error,
        });
      }),
  };
}

function chipOf(
  context: Context,
  { directory, lastTry }: ReplaceCommand,
  attachment: ChipAttachment,
  pin: { readonly file: string | undefined; readonly question: string; readonly option: string },
): ReplaceChip {
  return {
    attachment,
    open: () => openConfigured(directory, attachment, (what) => context.output.note(what)),
    pin: () => obtainSecret(pin.file, pin),
    lastTry,
  };
}

function tellProgress(context: Context, { step, address }: ReplaceProgress): void {
  context.output.event({
    event: 'stage',
    stage: step,
    ...(address === undefined ? {} : { address }),
  });
  if (!context.output.json)
    context.output.note(address === undefined ? step : `${step} ${address}`);
}

function tellEnd(context: Context, answer: ReplacementAnswer): ExitCode {
  const { state, old_chip, new_chip } = answer;
  const lines: Readonly<Record<ReplacementAnswer['state'], readonly string[]>> = {
    requested: [
      `waits for an administrator: quorate chips approve-replacement ${foreign(new_chip.se_id)}`,
      `fingerprint ${new_chip.fingerprint}: tell it to the administrator through another channel`,
      'then run this command again',
    ],
    approved: ['not finished; run this command again'],
    switched: ['the new chip is in use; the old one still has records to delete'],
    completed: [
      `${foreign(new_chip.se_id)} has taken over; ${foreign(old_chip.se_id)} is ${old_chip.state}`,
      'next, an administrator makes a roster with a higher serial, and everybody imports it',
    ],
    cancelled: ['the replacement was cancelled'],
  };
  context.output.result({ ...answer }, lines[state]);
  return state === 'cancelled' ? EXIT.refused : EXIT.ok;
}

async function approveCommand(
  context: Context,
  options: LoginOption & { readonly fingerprint?: string },
  [name = '']: readonly string[],
): Promise<ExitCode> {
  const api = loginApi(loginPath(context, options));
  const found = await findOpen(api, name);
  const { old_chip, new_chip, username } = found;
  context.output.note(`holder           ${foreign(username)}`);
  context.output.note(`old fingerprint  ${old_chip.fingerprint}  ${foreign(old_chip.se_id)}`);
  context.output.note(`new fingerprint  ${new_chip.fingerprint}  ${foreign(new_chip.se_id)}`);
  context.output.note(
    `new kind         ${kindText(new_chip.kind)}, was ${kindText(old_chip.kind)}`,
  );
  if (new_chip.kind === 'virtual') context.output.warn(SOFTWARE_CHIP);
  if (options.fingerprint !== undefined) {
    if (!sameFingerprint(options.fingerprint, new_chip.fingerprint)) {
      throw new CliError(
        'chip_mismatch',
        'the new chip’s fingerprint is not the one that you were told',
        {
          exit: EXIT.notVerified,
          hint: 'do not approve it; ask the holder through another channel',
        },
      );
    }
  } else if (!(await confirm('Did the holder tell you this new fingerprint?', '--fingerprint'))) {
    context.output.result({ approved: false }, ['nothing changed']);
    return EXIT.refused;
  }
  const answer = await approveReplacement(api, found.id, new_chip.fingerprint);
  context.output.result({ approved: true, ...answer }, [
    `approved; ${foreign(username)} runs quorate chips replace again`,
  ]);
  return EXIT.ok;
}

async function cancelCommand(
  context: Context,
  options: LoginOption,
  [name = '']: readonly string[],
): Promise<void> {
  const api = loginApi(loginPath(context, options));
  const answer = await cancelReplacement(api, (await findOpen(api, name)).id);
  context.output.result({ ...answer }, [
    `cancelled; ${foreign(answer.old_chip.se_id)} stays ${answer.old_chip.state}`,
  ]);
}

async function findOpen(
  api: ReturnType<typeof loginApi>,
  name: string,
): Promise<ReplacementAnswer> {
  const found = (await listReplacements(api)).find(
    (one) => isOpen(one) && (one.id === name || one.new_chip.se_id === name),
  );
  if (found !== undefined) return found;
  throw new CliError('unknown_replacement', `no open replacement for ${foreign(name)}`, {
    exit: EXIT.refused,
    hint: 'quorate chips replacements',
  });
}

async function listCommand(context: Context, options: LoginOption): Promise<void> {
  const replacements = await listReplacements(loginApi(loginPath(context, options)));
  const rows = replacements.map((one) => [
    foreign(one.username),
    foreign(one.old_chip.se_id),
    foreign(one.new_chip.se_id),
    kindText(one.new_chip.kind),
    one.state,
    one.approved_by === null ? '' : foreign(one.approved_by),
  ]);
  const heading = ['HOLDER', 'OLD CHIP', 'NEW CHIP', 'KIND', 'STATE', 'APPROVED BY'];
  context.output.result({ replacements }, table(heading, rows));
}
