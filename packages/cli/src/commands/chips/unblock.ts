/**
 * `quorate chips unblock|authorise-unblock`: sets a new PIN on a blocked chip, with the PUK and the order of an
 * administrator, or by a token's security officer.
 *
 * @module
 */
import { shortFingerprint, toBase64, chipFingerprint, fromHex } from '@quorate/intent';
import { resetAttachedPin } from '@quorate/secure-element';
import type { Command } from 'commander';
import type { Attach, Context } from '../../context.ts';
import { usageError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exitCodes.ts';
import { writeDurably } from '../../files.ts';
import { attachmentOf, type ChipOptions, withAttached } from '../../operations/chipAccess.ts';
import { pinText, pukText, unblockProblem } from '../../operations/chipTries.ts';
import { pukBytes } from '../../operations/puk.ts';
import {
  chipOfRequest,
  decodeAuthorisation,
  decodeRequest,
  encodeRequest,
  orderUnblock,
  unblockChip,
  type UnblockRequest,
} from '../../operations/unblocking.ts';
import { loginApi } from '../../remote/api.ts';
import { obtainSecret } from '../../secrets.ts';
import { foreign } from '../../terminal/output.ts';
import { confirm, promptLine } from '../../terminal/prompt.ts';
import { withChipChoice, withLastTry } from './options.ts';
import { registered } from './show.ts';
import { loginPath, withLogin } from '../users/index.ts';
import { untilWritten } from '../../operations/untilWritten.ts';

interface UnblockOptions extends ChipOptions {
  readonly login?: string;
  readonly pukFile?: string;
  readonly newPinFile?: string;
  readonly soPinFile?: string;
  readonly requestOut?: string;
  readonly authorisationFile?: string;
}

interface AuthoriseOptions {
  readonly login?: string;
  readonly out?: string;
  readonly yes?: boolean;
}

/** Adds the commands. */
export function registerUnblocking(chips: Command, attach: Attach): void {
  const unblock = withLastTry(withChipChoice(chips.command('unblock')), 'PUK')
    .description('set a new PIN on a blocked chip, with the PUK and an administrator’s order')
    .option('--puk-file <file>', 'file of mode 0600 (default: a prompt)')
    .option('--new-pin-file <file>', 'file of mode 0600 (default: a prompt)')
    .option('--login <file>', 'an administrator’s login on this machine; it gives the order')
    .option('--request-out <file>', 'also write the request for the administrator to this file')
    .option('--authorisation-file <file>', 'wait until this file holds the authorisation')
    .option('--so-pin-file <file>', 'PIN file of a token’s security officer');
  attach<UnblockOptions>(unblock, unblockCommand);
  const authorise = withLogin(chips.command('authorise-unblock <request>'))
    .description('order one try of a chip’s PUK (administrators); audited')
    .option('--out <file>', 'write the authorisation to this file')
    .option('--yes', 'skip the question whether the holder asked for it');
  attach<AuthoriseOptions>(authorise, authoriseCommand);
}

async function unblockCommand(context: Context, options: UnblockOptions): Promise<void> {
  const attachment = attachmentOf(options);
  try {
    if (attachment.kind === 'pkcs11') await unblockToken(attachment, options);
    else await unblockCard(context, options);
  } catch (error) {
    throw unblockProblem(error) ?? error;
  }
  context.output.result({ unblocked: true }, [
    'new PIN set, with all its tries; write it into the agent’s PIN file',
  ]);
}

async function unblockCard(context: Context, options: UnblockOptions): Promise<void> {
  const { kind } = attachmentOf(options);
  if (options.soPinFile !== undefined) {
    throw usageError('--so-pin-file is for tokens: a card has a PUK', 'give --puk-file');
  }
  const tell = (what: string): void => context.output.note(what);
  await withAttached(options, tell, (element) =>
    unblockChip(element, {
      tell: (info) => {
        tell(`PIN: ${pinText(info.pinTriesLeft)}`);
        tell(`PUK: ${pukText(info, kind)}`);
      },
      secrets: () => obtainSecrets(options),
      authorise: (request) => authorisationFor(context, options, request),
      lastTry: options.lastTry === true,
    }),
  );
}

async function obtainSecrets(
  options: UnblockOptions,
): Promise<{ puk: Uint8Array; newPin: Uint8Array }> {
  const asked = { question: 'PUK of the chip', option: '--puk-file' };
  const typed = await obtainSecret(options.pukFile, asked);
  try {
    return { puk: pukBytes(typed), newPin: await obtainNewPin(options) };
  } finally {
    typed.fill(0);
  }
}

async function obtainNewPin({ newPinFile }: UnblockOptions): Promise<Uint8Array> {
  const question = { question: 'New PIN', option: '--new-pin-file', confirm: true };
  const pin = await obtainSecret(newPinFile, question);
  if (pin.length >= 4 && pin.length <= 16) return pin;
  pin.fill(0);
  throw usageError('a PIN must have 4 to 16 bytes');
}

async function unblockToken(
  attachment: Parameters<typeof resetAttachedPin>[0],
  options: UnblockOptions,
): Promise<void> {
  const question = {
    question: 'PIN of the token’s security officer',
    option: '--so-pin-file',
  };
  const securityOfficerPin = await obtainSecret(options.soPinFile, question);
  try {
    const pin = await obtainNewPin(options);
    try {
      const lastTry = options.lastTry === true;
      await resetAttachedPin(attachment, { securityOfficerPin, pin, lastTry });
    } finally {
      pin.fill(0);
    }
  } finally {
    securityOfficerPin.fill(0);
  }
}

/** Gets the order from an administrator's login here, or through a text that people carry to one and back. */
async function authorisationFor(
  context: Context,
  options: UnblockOptions,
  request: UnblockRequest,
): Promise<Uint8Array> {
  if (options.login !== undefined) {
    const api = loginApi(options.login);
    const chip = chipOfRequest(await registered(api), request);
    return orderUnblock(api, chip.se_id, request);
  }
  const text = encodeRequest(request);
  const { requestOut, authorisationFile } = options;
  if (requestOut !== undefined) writeDurably(requestOut, `${text}\n`, { private: false });
  context.output.event({ event: 'request', request: text });
  context.output.note('Ask an administrator to run this command and to give you its output:');
  context.output.note(`  quorate chips authorise-unblock ${text}`);
  context.output.note('Leave the chip connected until then.');
  if (authorisationFile !== undefined) {
    return decodeAuthorisation(await untilWritten(authorisationFile, 'authorisation'));
  }
  return decodeAuthorisation(
    await promptLine('The authorisation', 'Authorisation:', '--authorisation-file FILE'),
  );
}

async function authoriseCommand(
  context: Context,
  options: AuthoriseOptions,
  [text = '']: readonly string[],
): Promise<ExitCode> {
  const request = decodeRequest(text);
  const api = loginApi(loginPath(context, options));
  const chip = chipOfRequest(await registered(api), request);
  const fingerprint = shortFingerprint(chipFingerprint(fromHex(chip.public_key)));
  context.output.note(`holder       ${foreign(chip.username)}`);
  context.output.note(`chip         ${foreign(chip.se_id)}, ${chip.state}`);
  context.output.note(`fingerprint  ${fingerprint}`);
  const question = 'Did this holder ask you, through another channel, for one try of the PUK?';
  if (options.yes !== true && !(await confirm(question, '--yes'))) {
    context.output.result({ authorised: false }, ['nothing was ordered']);
    return EXIT.refused;
  }
  const authorisation = toBase64(await orderUnblock(api, chip.se_id, request));
  const { out } = options;
  if (out !== undefined) writeDurably(out, `${authorisation}\n`, { private: false });
  context.output.result({ authorised: true, se_id: chip.se_id, authorisation }, [authorisation]);
  return EXIT.ok;
}
