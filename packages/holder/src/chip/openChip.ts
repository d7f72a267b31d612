/** Opens the chip that a configuration names, of whatever kind. */
import {
  type ChipAttachment,
  openSecureElement,
  type SecureElement,
  SecureElementError,
} from '@quorate/secure-element';
import { toHex } from '@quorate/intent';
import { type AgentConfig, chipAttachment } from '../config.ts';
import type { Logger } from '../logger.ts';
import { notPinned } from './ownChip.ts';
import { readSecretBytes } from '../providers.ts';

/**
 * Opens the agent's chip; what a person has to do with it is told in the log. Of several cards or tokens it is the
 * pinned one, unless the configuration names another.
 * @throws AgentError `roster/refused` when there is only another chip than the pinned one (E-9)
 */
export async function chipFromConfig(
  directory: string,
  config: AgentConfig,
  { logger, pinned }: { readonly logger: Logger; readonly pinned: Uint8Array | undefined },
): Promise<SecureElement> {
  const attachment = chipAttachment(directory, config);
  if (attachment.kind === 'virtual' || attachment.public_key !== undefined || !pinned) {
    return openChip(attachment, logger);
  }
  try {
    return await openChip({ ...attachment, public_key: toHex(pinned) }, logger);
  } catch (error) {
    const isOther = error instanceof SecureElementError && error.code === 'wrong-chip';
    throw isOther ? notPinned(error) : error;
  }
}

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
