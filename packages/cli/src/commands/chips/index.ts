/**
 * `quorate chips`: sets up, registers, shows, tests and replaces chips, and changes a PIN.
 *
 * @module
 */
import { loadAgentConfig } from '@quorate/agent';
import type { Command } from 'commander';
import type { Attach, Context } from '../../context.ts';
import { usageError } from '../../errors.ts';
import {
  attachmentOf,
  type ChipOptions,
  openAttached,
  provide,
  warnings,
  withChipAndPin,
  withPin,
} from '../../operations/chipAccess.ts';
import { authorityOf, identityOf, registerChip, sameFingerprint } from '../../operations/chips.ts';
import { pukText } from '../../operations/chipTries.ts';
import { pukFor, pukLines, withPukOnDisk } from '../../operations/puk.ts';
import { loginApi } from '../../remote/api.ts';
import { obtainSecret } from '../../secrets.ts';
import { foreign } from '../../terminal/output.ts';
import { registerLooking } from './show.ts';
import { registerReplacing } from './replace.ts';
import { withChipOptions, withLastTry } from './options.ts';
import { registerUnblocking } from './unblock.ts';
import { loginPath, withLogin } from '../users/index.ts';

interface LoginOption {
  readonly login?: string;
}

/** Adds the commands. */
export function registerChips(program: Command, attach: Attach): void {
  const chips = program.command('chips').description('set up, register, test and replace chips');
  registerMaking(chips, attach);
  registerLooking(chips, attach);
  registerUnblocking(chips, attach);
  registerReplacing(chips, attach);
}

function registerMaking(chips: Command, attach: Attach): void {
  attach<LoginOption>(
    withLogin(chips.command('authority')).description(
      'show the fingerprint of the key that this coordinator’s chips obey, for the participants',
    ),
    showAuthority,
  );
  const init = withLastTry(withLogin(withChipOptions(chips.command('init'))))
    .description('personalise a chip (authority, first PIN, PUK); create it first if it is virtual')
    .option('--puk-out <file>', 'write the PUK to this file, mode 0600 (default: show it once)')
    .requiredOption(
      '--authority <fingerprint>',
      'the authority’s fingerprint, as the administrator told you',
    );
  attach<InitOptions>(init, initChip);
  const register = withLastTry(withLogin(withChipOptions(chips.command('register'))))
    .description('prove possession of the chip and register it with the coordinator')
    .requiredOption('--se-id <name>', 'name of the chip in the registry')
    .option('--label <text>', 'a label for people');
  attach<ChipOptions & LoginOption & { seId: string; label?: string }>(register, enterChip);
  const pin = withLastTry(withChipOptions(chips.command('pin')))
    .description('change the PIN')
    .option('--new-pin-file <file>', 'file of mode 0600 (default: a prompt)');
  attach<ChipOptions & { newPinFile?: string }>(pin, changePin);
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

interface InitOptions extends ChipOptions, LoginOption {
  readonly authority: string;
  readonly pukOut?: string;
}

async function initChip(context: Context, options: InitOptions): Promise<void> {
  const authority = await authorityOf(loginApi(loginPath(context, options)));
  if (!sameFingerprint(authority.fingerprint, options.authority)) {
    throw usageError(
      `the coordinator’s authority is ${authority.fingerprint}, not ${foreign(options.authority)}`,
      'stop, and ask the administrator through another channel',
    );
  }
  const attachment = attachmentOf(options);
  const mayShow = context.output.options.stdout.isTTY === true && !context.output.json;
  const made = await withPin(options, { first: true }, async (pin) => {
    await provide(attachment);
    const element = await openAttached(attachment, (what) => context.output.note(what));
    try {
      const puk = pukFor(await element.info(), attachment.kind, { ...options, mayShow });
      const { pukOut, lastTry } = options;
      await withPukOnDisk(element, { file: pukOut, puk }, (bytes) =>
        element.personalise(authority.publicKey, pin, { puk: bytes, lastTry }),
      );
      return { identity: await identityOf(element), info: await element.info(), puk };
    } finally {
      await element.close();
    }
  });
  const { identity, info, puk } = made;
  for (const text of warnings(info)) context.output.warn(text);
  const { cpic, fingerprint } = identity;
  const { pukOut } = options;
  const about = {
    cpic,
    fingerprint,
    kind: attachment.kind,
    software: info.software,
    puk: puk !== undefined,
    ...(puk === undefined || pukOut === undefined ? {} : { puk_file: pukOut }),
  };
  context.output.result(about, [
    `chip ${cpic}`,
    `fingerprint ${fingerprint}`,
    ...pukLines(puk, pukOut),
    ...(puk === undefined ? [`PUK          ${pukText(info, attachment.kind)}`] : []),
  ]);
}

async function enterChip(
  context: Context,
  options: ChipOptions & LoginOption & { readonly seId: string; readonly label?: string },
): Promise<void> {
  const api = loginApi(loginPath(context, options));
  const { kind } = attachmentOf(options);
  const registration = {
    username: loadAgentConfig(options.directory).username,
    seId: options.seId,
    kind,
    ...(options.label === undefined ? {} : { label: options.label }),
  };
  const tell = (what: string): void => context.output.note(what);
  const { lastTry } = options;
  const { identity, info } = await withChipAndPin(options, tell, async (element, pin) => ({
    identity: await registerChip(api, element, pin, { ...registration, lastTry }),
    info: await element.info(),
  }));
  for (const text of warnings(info)) context.output.warn(text);
  context.output.result(
    { ...registration, software: info.software, fingerprint: identity.fingerprint },
    [
      `registered ${foreign(options.seId)} for ${foreign(registration.username)}`,
      `fingerprint ${identity.fingerprint}: tell it to the administrator through another channel`,
    ],
  );
}

async function changePin(
  context: Context,
  options: ChipOptions & { readonly newPinFile?: string },
): Promise<void> {
  const tell = (what: string): void => context.output.note(what);
  await withChipAndPin(options, tell, async (element, pin) => {
    const fresh = await obtainSecret(options.newPinFile, {
      question: 'New PIN',
      option: '--new-pin-file',
      confirm: true,
    });
    try {
      await element.changePin(pin, fresh, { lastTry: options.lastTry });
    } finally {
      fresh.fill(0);
    }
  });
  context.output.result({ changed: true }, ['PIN changed; update the agent’s PIN file, too']);
}
