/** Opens the chip that a configuration names, of whatever kind. */
import {
  type ChipAttachment,
  openSecureElement,
  type SecureElement,
} from '@quorate/secure-element';
import { type AgentConfig, chipAttachment } from './config.ts';
import type { Logger } from './logger.ts';
import { readSecretBytes } from './providers.ts';

/** Opens the agent's chip; what a person has to do with it is told in the log. */
export function chipFromConfig(
  directory: string,
  config: AgentConfig,
  logger: Logger,
): Promise<SecureElement> {
  return openChip(chipAttachment(directory, config), logger);
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
