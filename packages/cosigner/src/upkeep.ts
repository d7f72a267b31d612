/**
 * Maintains the chip of a stopped cosigner: reads it, lets a person try its PIN, and replaces a blocked PIN.
 * The PIN in the configured file always applies.
 */
import { openChip, silentLogger } from '@quorate/holder';
import { unblockMessage } from '@quorate/intent';
import {
  type Attempt,
  type ChipInfo,
  resetAttachedPin,
  type SecureElement,
  spareLastTry,
} from '@quorate/secure-element';
import { sign } from 'node:crypto';
import type { LoadedConfig } from './config.ts';
import { SetupError } from './errors.ts';
import { type CosignerPaths, nameOfChip, pathsOf, readSecretLine } from './files.ts';
import { readPrivateKey } from './keys.ts';
import { clearRefusal, openWithPin } from './pin.ts';
import { checkAuthority } from './vault.ts';

/** The findings of {@link lookAtChip}. */
export interface ChipLook {
  readonly name: string;
  readonly kind: SecureElement['kind'];
  readonly info: ChipInfo;
}

/** The remedy for a blocked PIN. */
export type UnblockWith = Attempt &
  (
    | { readonly puk: Uint8Array }
    /** Of a token. */
    | { readonly securityOfficerPin: Uint8Array }
  );

/** Reads the configured chip's description of itself; sends it no PIN. @throws SecureElementError */
export async function lookAtChip(loaded: LoadedConfig): Promise<ChipLook> {
  const paths = pathsOf(loaded);
  return withChip(paths, async (element) => ({
    name: nameOfChip(paths.attachment),
    kind: element.kind,
    info: await element.info(),
  }));
}

/**
 * Tries the configured PIN, its last try only on a person's order.
 *
 * @throws SetupError `chip/wrong-pin`, `chip/last-try`, `chip/blocked`
 */
export async function tryPin(loaded: LoadedConfig, attempt: Attempt): Promise<void> {
  const paths = pathsOf(loaded);
  await withChip(paths, async (element) => {
    await openWithPin(element, paths, attempt);
  });
}

/**
 * Makes the PIN of the configured file the chip's, in place of a blocked one.
 *
 * @throws SecureElementError `no-puk`, `pin-not-blocked`, `puk-wrong`, `puk-blocked`, `last-try`,
 * `so-pin-wrong`, `so-pin-blocked`; SetupError `chip/foreign`
 */
export async function unblockChip(loaded: LoadedConfig, by: UnblockWith): Promise<void> {
  const paths = pathsOf(loaded);
  const { attachment } = paths;
  const pin = readSecretLine(paths.pin);
  const { lastTry } = by;
  try {
    if (attachment.kind === 'pkcs11') {
      if (!('securityOfficerPin' in by)) throw unfit('a token has no PUK');
      await resetAttachedPin(attachment, { ...by, pin });
    } else {
      if (!('puk' in by)) throw unfit('only a token has a security officer');
      await withChip(paths, (element) => unblock(element, paths, { pin, puk: by.puk, lastTry }));
    }
  } finally {
    pin.fill(0);
  }
  // The file that the chip refused before is right now.
  clearRefusal(paths);
}

async function unblock(
  element: SecureElement,
  paths: CosignerPaths,
  { pin, puk, lastTry }: Attempt & { readonly pin: Uint8Array; readonly puk: Uint8Array },
): Promise<void> {
  const info = await element.info();
  const authority = readPrivateKey(paths.inStore('authority'));
  checkAuthority(info, authority, paths);
  spareLastTry('PUK', info.pukTriesLeft, { lastTry });
  const challenge = await element.challenge();
  const message = unblockMessage({ chipPublicKey: await element.publicKey(), challenge });
  const signature = sign('sha256', message, authority);
  await element.unblock({ challenge, signature, puk, newPin: pin }, { lastTry });
}

async function withChip<T>(
  { attachment }: CosignerPaths,
  use: (element: SecureElement) => Promise<T>,
): Promise<T> {
  const element = await openChip(attachment, silentLogger);
  try {
    return await use(element);
  } finally {
    await element.close();
  }
}

function unfit(why: string): SetupError {
  return new SetupError('config/invalid', why);
}
