/**
 * The chip that an agent's configuration names, of whatever kind, opened for one piece of work.
 *
 * @module
 */
import { SOFTWARE_CHIP } from '@quorate/holder';
import { chipAttachment, loadAgentConfig, parseChipFile } from '@quorate/agent';
import {
  type ChipAttachment,
  type ChipInfo,
  createVirtualChip,
  openSecureElement,
  type SecureElement,
  spareLastTry,
  type TriesLeft,
} from '@quorate/secure-element';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readText, writeDurably } from '../files.ts';
import { obtainSecret, readSecretFile } from '../secrets.ts';
import { existingPinFile } from './agents.ts';
import { pinProblem, pinText } from './chipTries.ts';

/** The chosen chip. */
export interface ChipOptions {
  /** The agent's directory: its configuration names the chip and its PIN. */
  readonly directory: string;
  /** Another chip than the configuration's: a file like its section `chip`. */
  readonly chip?: string;
  readonly pinFile?: string;
  /** Use the last try of the PIN, too. */
  readonly lastTry?: boolean;
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

/** Opens a chip, and tells a person what to do with it. The caller closes it. */
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

/** Opens the chosen chip for one piece of work and closes it afterwards. */
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
 * Makes the file of a virtual chip, and its passphrase when there is none. An existing file stays: a
 * personalised chip refuses a second personalisation.
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
  // The agent's PIN file is for its own chip only.
  const own = chip === undefined ? existingPinFile(directory) : undefined;
  const { first = false, text = first ? 'First PIN of the chip' : 'PIN of the chip' } = question;
  return obtainSecret(pinFile ?? own, { question: text, option: '--pin-file', confirm: first });
}

/**
 * Opens the chip that is meant, tells what is left of its tries, and gives it with its PIN to one piece of work; what
 * the chip says of the PIN is told in words. A PIN that would not be tried is not asked for.
 */
export async function withChipAndPin<T>(
  options: ChipOptions,
  tell: (what: string) => void,
  use: (element: SecureElement, pin: Uint8Array) => Promise<T>,
): Promise<T> {
  return withAttached(options, tell, async (element) => {
    const { pinTriesLeft } = await element.info();
    tell(`PIN: ${pinText(pinTriesLeft)}`);
    return withPin(options, {}, (pin) => use(element, pin), pinTriesLeft);
  });
}

/** Gives the PIN for one piece of work and wipes it after; what the chip says of it is told in words. */
export async function withPin<T>(
  options: ChipOptions,
  question: { readonly first?: boolean; readonly text?: string },
  use: (pin: Uint8Array) => Promise<T>,
  triesLeft: TriesLeft = null,
): Promise<T> {
  try {
    spareLastTry('PIN', triesLeft, options);
    const pin = await obtainPin(options, question);
    try {
      return await use(pin);
    } finally {
      pin.fill(0);
    }
  } catch (error) {
    throw pinProblem(error) ?? error;
  }
}

/** The warning about a chip that is a program, wherever one is used. */
export function warnings(info: ChipInfo): readonly string[] {
  return info.software ? [SOFTWARE_CHIP] : [];
}
