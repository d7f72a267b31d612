/**
 * Opens the chip that an agent may use: the present copy of the pinned one.
 */
import type { SecureElement } from '@quorate/secure-element';
import { Chip, type PinProvider } from './chip.ts';
import { AgentError } from './errors.ts';
import type { AgentState } from './state/index.ts';

/** What the chip is compared with. */
export interface OwnChipOptions {
  readonly element: SecureElement;
  readonly pin: PinProvider;
  readonly state: AgentState;
  readonly username: string;
}

/**
 * Opens the chip; one that is not to be used does not stay open.
 * @throws AgentError `chip/rolled-back` for an older copy (E-1), `roster/refused` for another chip (E-9)
 */
export async function openOwnChip({
  element,
  pin,
  state,
  username,
}: OwnChipOptions): Promise<Chip> {
  try {
    const chip = await Chip.open(element, pin, (key, counter) => state.chips.see(key, counter));
    const pinned = state.pins.find(username);
    if (pinned && !Buffer.from(pinned).equals(chip.publicKey)) {
      // Nobody would accept its certificates.
      const message =
        'this chip is not the one that is pinned for this user; after a replacement, import the roster with the new one: quorate agent roster import';
      throw new AgentError('roster/refused', message);
    }
    return chip;
  } catch (error) {
    await element.close();
    throw error;
  }
}
