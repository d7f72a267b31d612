/**
 * The chip that an agent's configuration names, of whatever kind, opened for one piece of work.
 *
 * @module
 */
import { chipAttachment, loadAgentConfig, parseChipFile, SOFTWARE_CHIP } from '@quorate/agent';
import {
  type ChipAttachment,
  type ChipInfo,
  createVirtualChip,
  openSecureElement,
  type SecureElement,
  SecureElementError,
} from '@quorate/secure-element';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { CliError } from '../errors.ts';
import { EXIT } from '../exitCodes.ts';
import { readText, writeDurably } from '../files.ts';
import { obtainSecret, readSecretFile } from '../secrets.ts';
import { existingPinFile } from './agents.ts';

/** Which chip is meant. */
export interface ChipOptions {
  /** The agent's directory: its configuration names the chip and its PIN. */
  readonly directory: string;
  /** Another chip than the configuration's: a file like its section `chip`. */
  readonly chip?: string;
  readonly pinFile?: string;
}

/** Where the chip is, its paths resolved from the agent's directory. */
export function attachmentOf(options: ChipOptions): ChipAttachment {
  const { directory, chip: file } = options;
  const chip =
    file === undefined
      ? loadAgentConfig(directory).chip
      : parseChipFile(readText(file, 'chip file'), file);
  return chipAttachment(directory, { chip });
}

/** Opens a chip; what a person has to do with it is told. The caller closes it. */
export async function openAttached(
  attachment: ChipAttachment,
  tell: (what: string) => void,
): Promise<SecureElement> {
  if (attachment.kind !== 'virtual') {
    return openSecureElement(attachment, { onWaiting: tell });
  }
  const passphrase = readSecretFile(attachment.passphrase_file, 'chip passphrase');
  try {
    return await openSecureElement(attachment, { passphrase });
  } finally {
    passphrase.fill(0);
  }
}

/** Opens a chip as a configuration names it, its paths from the agent's directory. */
export function openConfigured(
  directory: string,
  chip: ChipAttachment,
  tell: (what: string) => void,
): Promise<SecureElement> {
  return openAttached(chipAttachment(directory, { chip }), tell);
}

/** Opens the chip that is meant for one piece of work and closes it after. */
export async function withAttached<T>(
  options: ChipOptions,
  tell: (what: string) => void,
  use: (element: SecureElement) => Promise<T>,
): Promise<T> {
  const element = await openAttached(attachmentOf(options), tell);
  try {
    return await use(element);
  } finally {
    await element.close();
  }
}

/**
 * Makes the file of a virtual chip, and its passphrase when there is none. What exists stays: a chip that is
 * personalised refuses to be it again.
 */
export async function provide(attachment: ChipAttachment): Promise<void> {
  if (attachment.kind !== 'virtual' || existsSync(attachment.file)) return;
  if (!existsSync(attachment.passphrase_file)) {
    const text = `${randomBytes(32).toString('base64url')}\n`;
    writeDurably(attachment.passphrase_file, text, { private: true, fresh: true });
  }
  const passphrase = readSecretFile(attachment.passphrase_file, 'chip passphrase');
  try {
    await (await createVirtualChip({ file: attachment.file, passphrase })).close();
  } finally {
    passphrase.fill(0);
  }
}

/** The chip's PIN, from its file or from the person; the caller wipes it. */
export async function obtainPin(
  { directory, pinFile, chip }: ChipOptions,
  question: { readonly first?: boolean; readonly text?: string } = {},
): Promise<Uint8Array> {
  // The agent's PIN file is that of its own chip, not of another one.
  const own = chip === undefined ? existingPinFile(directory) : undefined;
  const { first = false, text = first ? 'First PIN of the chip' : 'PIN of the chip' } = question;
  return obtainSecret(pinFile ?? own, { question: text, option: '--pin-file', confirm: first });
}

/** Gives the PIN for one piece of work and wipes it after; what the chip says of it is told in words. */
export async function withPin<T>(
  options: ChipOptions,
  question: { readonly first?: boolean; readonly text?: string },
  use: (pin: Uint8Array) => Promise<T>,
): Promise<T> {
  const pin = await obtainPin(options, question);
  try {
    return await use(pin);
  } catch (error) {
    throw pinProblem(error) ?? error;
  } finally {
    pin.fill(0);
  }
}

/** A wrong or blocked PIN in words; nothing for any other error. */
export function pinProblem(error: unknown): CliError | undefined {
  if (!(error instanceof SecureElementError)) return undefined;
  const { code, triesLeft } = error;
  if (code === 'pin-blocked' || (code === 'pin-wrong' && triesLeft === 0)) {
    return new CliError(
      'pin-blocked',
      'the PIN of this chip is blocked: it gives nothing out any more',
      {
        exit: EXIT.refused,
        hint: 'mark the chip lost (quorate chips state); make new keys, and move the funds with the other holders',
        cause: error,
      },
    );
  }
  if (code !== 'pin-wrong') return undefined;
  const left = triesLeft === undefined ? '' : `: ${triesText(triesLeft)} left`;
  return new CliError('pin-wrong', `the PIN is wrong${left}`, { exit: EXIT.refused, cause: error });
}

/** A number of tries in words. */
export function triesText(tries: number): string {
  return tries === 1 ? '1 try' : `${tries} tries`;
}

/** What is said of a chip that is a program, wherever one is used. */
export function warnings(info: ChipInfo): readonly string[] {
  return info.software ? [SOFTWARE_CHIP] : [];
}
