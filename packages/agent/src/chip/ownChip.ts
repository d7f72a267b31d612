/**
 * Opens the chip that an agent may use: the present copy of the pinned one.
 */
import {
  Chip,
  type Logger,
  type PinProvider,
  type SeeCounter,
  SOFTWARE_CHIP,
} from '@quorate/holder';
import type { Attempt, SecureElement } from '@quorate/secure-element';
import { AgentError } from '../errors.ts';
import type { AgentState } from '../records/state.ts';

/** The chip, and the records that it must match. */
export interface OwnChipOptions extends Attempt {
  readonly element: SecureElement;
  readonly pin: PinProvider;
  readonly state: AgentState;
  readonly username: string;
  readonly logger?: Logger;
}

/**
 * Opens the chip; one that the agent must not use does not stay open.
 * @throws HolderError `chip/rolled-back` for an older copy (E-1), `roster/refused` for another chip (E-9);
 * SecureElementError `pin-wrong`, `pin-blocked`, `last-try`
 */
export async function openOwnChip({
  element,
  pin,
  state,
  username,
  logger,
  lastTry,
}: OwnChipOptions): Promise<Chip> {
  try {
    const { software } = await element.info();
    if (software) logger?.warn({ chip: element.kind }, SOFTWARE_CHIP);
    const pinned = state.pins.find(username);
    // Before the PIN, and before the agent believes its counter; nobody would accept its certificates.
    if (pinned && !Buffer.from(pinned).equals(await element.publicKey())) throw notPinned();
    const see: SeeCounter = (...seen) => state.chips.see(...seen);
    return await Chip.open(element, pin, { see, refusals: state.refusals, lastTry });
  } catch (error) {
    await element.close();
    throw error;
  }
}

/** Another chip than the pinned one. */
export function notPinned(cause?: unknown): AgentError {
  const message =
    'this chip is not the one that is pinned for this user; after a replacement, import the roster with the new one: quorate agent roster import';
  return new AgentError('roster/refused', message, cause);
}
