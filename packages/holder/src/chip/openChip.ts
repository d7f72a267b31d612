/** Opens a chip of whatever kind. */
import {
  type ChipAttachment,
  openSecureElement,
  type SecureElement,
} from '@quorate/secure-element';
import { readSecretBytes } from '../files/secretFile.ts';
import type { Logger } from '../logger.ts';

/** A warning about every chip that is a program, wherever one is used or listed. */
export const SOFTWARE_CHIP =
  'this chip is software: whoever copies its file and passphrase has its keys';

/** Opens a chip, its passphrase from its file; what a person has to do with it is told in the log. */
export async function openChip(attachment: ChipAttachment, logger: Logger): Promise<SecureElement> {
  const passphrase =
    attachment.kind === 'virtual' ? readSecretBytes(attachment.passphrase_file) : undefined;
  try {
    return await openSecureElement(attachment, {
      ...(passphrase === undefined ? {} : { passphrase }),
      onWaiting: (what) => logger.warn({ chip: attachment.kind }, what),
    });
  } finally {
    passphrase?.fill(0);
  }
}
