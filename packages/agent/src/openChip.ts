/** Opens the chip that the configuration names, of whatever kind. */
import { openSecureElement, type SecureElement } from '@quorate/secure-element';
import { type AgentConfig, chipAttachment } from './config.ts';
import type { Logger } from './logger.ts';
import { readSecretBytes } from './providers.ts';

/** Opens the configured chip; what a person has to do with it is told in the log. */
export async function chipFromConfig(
  directory: string,
  config: AgentConfig,
  logger: Logger,
): Promise<SecureElement> {
  const attachment = chipAttachment(directory, config);
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
