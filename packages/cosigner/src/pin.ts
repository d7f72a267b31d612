/**
 * Presents the configured PIN to the chip once at the start. A wrong PIN costs one of its three tries: a
 * refused file is not tried again until it changes, however often a service manager starts the program, and
 * the last try is reserved for a person.
 */
import {
  Chip,
  type PinProvider,
  type PinRefusals,
  readIfPresent,
  removeIfPresent,
  replaceFile,
  stampOfFile,
} from '@quorate/holder';
import { type Attempt, type SecureElement, SecureElementError } from '@quorate/secure-element';
import { join } from 'node:path';
import { SetupError } from './errors.ts';
import { type CosignerPaths, nameOfChip, readSecretLine } from './files.ts';

/**
 * Opens the chip with the PIN of the configuration.
 * @throws SetupError `chip/wrong-pin`, `chip/last-try`, `chip/blocked`
 */
export function openWithPin(
  element: SecureElement,
  paths: CosignerPaths,
  attempt: Attempt = {},
): Promise<Chip> {
  const pin: PinProvider = Object.assign(async () => readSecretLine(paths.pin), {
    stamp: () => stampOfFile(paths.pin),
  });
  const memory = { ...attempt, refusals: refusalsOf(paths) };
  return inWords(paths, () => Chip.open(element, pin, memory));
}

/**
 * Gives the PIN to its judge before there is a chip to open, and wipes it.
 *
 * @throws SetupError `chip/wrong-pin`, `chip/last-try`, `chip/blocked`
 */
export async function givePin(
  paths: CosignerPaths,
  give: (pin: Uint8Array) => Promise<void>,
): Promise<void> {
  const refusals = refusalsOf(paths);
  const stamp = stampOfFile(paths.pin);
  if (refusals.isRefused(NO_KEY, stamp)) throw notTried(paths);
  const pin = readSecretLine(paths.pin);
  try {
    await inWords(paths, () => give(pin));
    refusals.remove();
  } catch (error) {
    if (isWrong(error)) refusals.note(NO_KEY, stamp);
    throw error;
  } finally {
    pin.fill(0);
  }
}

/** Removes the note of the refused file: the chip has its PIN now. */
export function clearRefusal(paths: CosignerPaths): void {
  refusalsOf(paths).remove();
}

const NO_KEY = new Uint8Array(65);

/** A store has one chip, so the file's stamp alone identifies the refusal. */
function refusalsOf(paths: CosignerPaths): PinRefusals {
  const file = join(paths.store, 'pin.refused');
  return {
    isRefused: (_chip, stamp) => readIfPresent(file)?.toString('utf8') === stamp,
    note: (_chip, stamp) => replaceFile(file, stamp),
    remove: () => removeIfPresent(file),
  };
}

function isWrong(error: unknown): boolean {
  const cause = error instanceof SetupError ? error.cause : error;
  return cause instanceof SecureElementError && cause.code === 'pin-wrong' && !cause.unsent;
}

async function inWords<T>(paths: CosignerPaths, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (!(error instanceof SecureElementError)) throw error;
    throw problemOf(error, paths) ?? error;
  }
}

function notTried({ pin }: CosignerPaths, cause?: unknown): SetupError {
  const why = 'was refused by the chip, and is not tried again until it is changed';
  return new SetupError('chip/wrong-pin', `${pin} ${why}`, cause);
}

function problemOf(error: SecureElementError, paths: CosignerPaths): Error | undefined {
  const { code, triesLeft, unsent } = error;
  const { pin, attachment } = paths;
  const chip = nameOfChip(attachment);
  if (code === 'pin-wrong') {
    if (unsent) return notTried(paths, error);
    const left = triesLeft === undefined ? '' : `; tries left: ${triesLeft}`;
    return new SetupError('chip/wrong-pin', `${pin} is not the PIN of ${chip}${left}`, error);
  }
  if (code === 'last-try') {
    const how = 'quorate cosigner chip --last-try uses it, when you are sure';
    const message = `the PIN of ${chip} has one try left and was not tried; ${how}`;
    return new SetupError('chip/last-try', message, error);
  }
  if (code === 'input') {
    return new SetupError('chip/wrong-pin', `${pin}: a PIN has 4 to 16 bytes`, error);
  }
  if (code !== 'pin-blocked') return undefined;
  const message = `${chip} is blocked after too many wrong PINs; quorate cosigner unblock`;
  return new SetupError('chip/blocked', message, error);
}
