/**
 * `quorate chips`: make, personalise, register, look at chips, change a PIN.
 *
 * @module
 */
import { ChipList } from '@quorate/wire';
import { loadAgentConfig, virtualChip } from '@quorate/agent';
import { type Command, InvalidArgumentError } from 'commander';
import type { Attach, Context } from '../context.ts';
import { usageError } from '../errors.ts';
import { existingPinFile } from '../operations/agents.ts';
import {
  authorityOf,
  type ChipFile,
  identityOf,
  makeChip,
  registerChip,
  sameFingerprint,
  withChip,
} from '../operations/chips.ts';
import { everyPage, loginApi } from '../remote/api.ts';
import { obtainSecret, readSecretFile } from '../secrets.ts';
import { foreign, table } from '../terminal/output.ts';
import { loginPath, withLogin } from './users.ts';

const STATES = ['active', 'lost', 'disabled', 'destroyed'];

interface LoginOption {
  readonly login?: string;
}

interface ChipOptions extends LoginOption {
  /** The agent's directory: its configuration names the chip's file, passphrase and PIN. */
  readonly directory: string;
  readonly pinFile?: string;
}

/** Adds the commands. */
export function registerChips(program: Command, attach: Attach): void {
  const chips = program.command('chips').description('make, personalise and register chips');
  registerMaking(chips, attach);
  registerLooking(chips, attach);
}

function withDirectory(command: Command): Command {
  return command
    .requiredOption('--directory <dir>', 'the agent’s directory')
    .option('--pin-file <file>', 'a file of mode 0600 (default: the agent’s, or you are asked)');
}

function registerMaking(chips: Command, attach: Attach): void {
  attach<LoginOption>(
    withLogin(chips.command('authority')).description(
      'fingerprint of the key that this coordinator’s chips obey; tell it to the participants',
    ),
    showAuthority,
  );
  const init = withLogin(withDirectory(chips.command('init')))
    .description('make a virtual chip and personalise it: authority and first PIN')
    .requiredOption(
      '--authority <fingerprint>',
      'as the administrator told you, not as found here',
    );
  attach<ChipOptions & { authority: string }>(init, initChip);
  const register = withLogin(withDirectory(chips.command('register')))
    .description('prove possession of the chip and enter it in the coordinator’s registry')
    .requiredOption('--se-id <name>', 'the name of the chip in the registry')
    .option('--label <text>', 'a label for people');
  attach<ChipOptions & { seId: string; label?: string }>(register, enterChip);
  const pin = withDirectory(chips.command('pin'))
    .description('change the PIN')
    .option('--new-pin-file <file>', 'a file of mode 0600 (default: you are asked)');
  attach<ChipOptions & { newPinFile?: string }>(pin, changePin);
}

function registerLooking(chips: Command, attach: Attach): void {
  attach<ChipOptions>(
    withDirectory(chips.command('show')).description('what the chip says about itself'),
    showChip,
  );
  attach<LoginOption>(
    withLogin(chips.command('list')).description('the chips of the registry'),
    listChips,
  );
  const mark = withLogin(chips.command('mark <se-id>'))
    .description('change the state of a chip in the registry (administrators); destroyed is final')
    .requiredOption('--state <state>', STATES.join(', '), parseState);
  attach<LoginOption & { state: string }>(mark, markChip);
}

function parseState(text: string): string {
  if (!STATES.includes(text)) throw new InvalidArgumentError(`one of ${STATES.join(', ')}`);
  return text;
}

async function showAuthority(context: Context, options: LoginOption): Promise<void> {
  const authority = await authorityOf(loginApi(loginPath(context, options)));
  context.output.result(
    {
      fingerprint: authority.fingerprint,
      public_key: Buffer.from(authority.publicKey).toString('hex'),
    },
    [authority.fingerprint],
  );
}

async function initChip(
  context: Context,
  options: ChipOptions & { readonly authority: string },
): Promise<void> {
  const authority = await authorityOf(loginApi(loginPath(context, options)));
  if (!sameFingerprint(authority.fingerprint, options.authority)) {
    throw usageError(
      `the coordinator’s authority is ${authority.fingerprint}, not ${foreign(options.authority)}`,
      'do not go on: ask the administrator by another way',
    );
  }
  const identity = await usingSecrets(options, true, (chip, pin) => makeChip(chip, authority, pin));
  context.output.warn('this chip is software: whoever copies its file and passphrase has its keys');
  context.output.result({ cpic: identity.cpic, fingerprint: identity.fingerprint }, [
    `chip ${identity.cpic}`,
    `fingerprint ${identity.fingerprint}`,
  ]);
}

async function enterChip(
  context: Context,
  options: ChipOptions & { readonly seId: string; readonly label?: string },
): Promise<void> {
  const api = loginApi(loginPath(context, options));
  const registration = {
    username: loadAgentConfig(options.directory).username,
    seId: options.seId,
    ...(options.label === undefined ? {} : { label: options.label }),
  };
  const identity = await usingSecrets(options, false, (chip, pin) =>
    withChip(chip, (element) => registerChip(api, element, pin, registration)),
  );
  context.output.result({ ...registration, fingerprint: identity.fingerprint }, [
    `registered ${foreign(options.seId)} for ${foreign(registration.username)}`,
    `fingerprint ${identity.fingerprint}: tell it to the administrator by another way`,
  ]);
}

async function changePin(
  context: Context,
  options: ChipOptions & { readonly newPinFile?: string },
): Promise<void> {
  await usingSecrets(options, false, async (chip, pin) => {
    const fresh = await obtainSecret(options.newPinFile, {
      question: 'New PIN',
      option: '--new-pin-file',
      confirm: true,
    });
    try {
      await withChip(chip, (element) => element.changePin(pin, fresh));
    } finally {
      fresh.fill(0);
    }
  });
  context.output.result({ changed: true }, ['PIN changed; change the agent’s PIN file, too']);
}

async function showChip(context: Context, options: ChipOptions): Promise<void> {
  const { chip, close } = openChipFile(options);
  try {
    const [identity, info] = await withChip(chip, async (element) => [
      await identityOf(element),
      await element.info(),
    ]);
    const facts = Object.entries(info).map(([name, value]): [string, string] => [
      name,
      value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value),
    ]);
    context.output.result(
      { cpic: identity.cpic, fingerprint: identity.fingerprint, ...Object.fromEntries(facts) },
      [
        `cpic: ${identity.cpic}`,
        `fingerprint: ${identity.fingerprint}`,
        ...facts.map(([name, value]) => `${name}: ${value}`),
      ],
    );
  } finally {
    close();
  }
}

async function listChips(context: Context, options: LoginOption): Promise<void> {
  const api = loginApi(loginPath(context, options));
  const chips = await everyPage(api, ChipList, '/api/v1/chips', (page) => page.chips);
  const rows = chips.map((chip) => [
    foreign(chip.se_id),
    foreign(chip.username),
    chip.state,
    foreign(chip.label),
  ]);
  context.output.result({ chips }, table(['CHIP', 'HOLDER', 'STATE', 'LABEL'], rows));
}

async function markChip(
  context: Context,
  options: LoginOption & { readonly state: string },
  [seId = '']: readonly string[],
): Promise<void> {
  const path = `/api/v1/chips/${encodeURIComponent(seId)}`;
  const body = { state: options.state };
  await loginApi(loginPath(context, options)).text({ method: 'PATCH', path, body });
  context.output.result({ se_id: seId, ...body }, [`${foreign(seId)} is ${options.state}`]);
}

/** The chip's file and passphrase as the agent's configuration names them. */
function openChipFile(options: ChipOptions): { chip: ChipFile; close: () => void } {
  const chip = virtualChip(options.directory, loadAgentConfig(options.directory));
  const passphrase = readSecretFile(chip.passphrase_file, 'chip passphrase');
  return {
    chip: { file: chip.file, passphrase },
    close: () => passphrase.fill(0),
  };
}

async function usingSecrets<T>(
  options: ChipOptions,
  first: boolean,
  use: (chip: ChipFile, pin: Uint8Array) => Promise<T>,
): Promise<T> {
  const { chip, close } = openChipFile(options);
  try {
    const pin = await obtainSecret(options.pinFile ?? existingPinFile(options.directory), {
      question: first ? 'First PIN of the chip' : 'PIN of the chip',
      option: '--pin-file',
      confirm: first,
    });
    try {
      return await use(chip, pin);
    } finally {
      pin.fill(0);
    }
  } finally {
    close();
  }
}
