/** Opens the chip that an agent's configuration names. */
import { type Logger, openChip } from '@quorate/holder';
import { toHex } from '@quorate/intent';
import { type SecureElement, SecureElementError } from '@quorate/secure-element';
import { type AgentConfig, chipAttachment } from '../config.ts';
import { notPinned } from './ownChip.ts';

/**
 * Opens the agent's chip; the log tells a person what to do with it. Of several cards or tokens it takes the pinned
 * one, unless the configuration names another.
 * @throws HolderError `roster/refused` when there is only another chip than the pinned one (E-9)
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
