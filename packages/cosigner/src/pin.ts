/**
 * The PIN of the configuration, shown to the chip once at the start. A wrong one costs one of its three
 * tries: a file that was refused is not tried again until it changes, however often a service manager
 * starts the program.
 */
import { readIfPresent, removeIfPresent, replaceFile } from '@quorate/agent';
import { type SecureElement, SecureElementError } from '@quorate/secure-element';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './errors.ts';
import { type CosignerPaths, nameOfChip, readSecretLine } from './files.ts';

/** Opens the chip. @throws SetupError `chip/wrong-pin`, `chip/blocked` */
export function showPin(element: SecureElement, paths: CosignerPaths): Promise<void> {
  return givePin(paths, (pin) => element.verifyPin(pin));
}

/**
 * Gives the PIN to what judges it, and wipes it.
 * @throws SetupError `chip/wrong-pin`, `chip/blocked`
 */
export async function givePin(
  paths: CosignerPaths,
  give: (pin: Uint8Array) => Promise<void>,
): Promise<void> {
  const refused = join(paths.store, 'pin.refused');
  const pin = readSecretLine(paths.pin);
  const stamp = stampOf(paths.pin);
  try {
    if (readIfPresent(refused)?.toString('utf8') === stamp) {
      const why = 'was refused by the chip, and is not tried again until it is changed';
      throw new SetupError('chip/wrong-pin', `${paths.pin} ${why}`);
    }
    await give(pin);
    removeIfPresent(refused);
  } catch (error) {
    if (!(error instanceof SecureElementError)) throw error;
    if (error.code === 'pin-wrong') replaceFile(refused, stamp);
    throw problemOf(error, paths) ?? error;
  } finally {
    pin.fill(0);
  }
}

/** Which file this is: another one, or the same one written again, differs. */
function stampOf(path: string): string {
  const { ino, size, mtimeNs } = statSync(path, { bigint: true });
  return `${ino}-${size}-${mtimeNs}`;
}

function problemOf(
  error: SecureElementError,
  { pin, attachment }: CosignerPaths,
): Error | undefined {
  const { code, triesLeft } = error;
  const chip = nameOfChip(attachment);
  if (code === 'pin-wrong') {
    const left = triesLeft === undefined ? '' : `; tries left: ${triesLeft}`;
    return new SetupError('chip/wrong-pin', `${pin} is not the PIN of ${chip}${left}`, error);
  }
  if (code === 'input') {
    return new SetupError('chip/wrong-pin', `${pin}: a PIN has 4 to 16 bytes`, error);
  }
  if (code !== 'pin-blocked') return undefined;
  return new SetupError('chip/blocked', `${chip} is blocked after too many wrong PINs`, error);
}
