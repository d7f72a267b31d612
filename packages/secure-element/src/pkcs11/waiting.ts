/** Waits for a token that was pulled out, as for a card in a reader. docs/spec/chip.md §6.10. */
import { isRepeatable } from '../apdu.ts';
import { SecureElementError } from '../errors.ts';
import type { ApduTransport } from '../secureElement.ts';

/** How often to look for the token, ms. */
const LOOK_EVERY = 250;

/**
 * Repeats a command until the token is back; a command that may have been executed only if it changes nothing.
 * The return is a reset, after which the chip asks for the PIN by itself.
 */
export class WaitingTransport implements ApduTransport {
  readonly #transport: ApduTransport;
  readonly #onWaiting: (what: string) => void;
  #stopped = false;
  #wake: () => void = () => undefined;

  constructor(transport: ApduTransport, onWaiting: (what: string) => void) {
    this.#transport = transport;
    this.#onWaiting = onWaiting;
  }

  async transmit(apdu: Uint8Array): Promise<Uint8Array> {
    const repeatable = isRepeatable(apdu);
    for (let told = ''; ; ) {
      try {
        return await this.#transport.transmit(apdu);
      } catch (error) {
        if (this.#stopped || !isAway(error) || !(repeatable || error.unsent)) throw error;
        if (error.message !== told) this.#onWaiting(error.message);
        told = error.message;
      }
      await this.#pause();
    }
  }

  stopWaiting(): void {
    this.#stopped = true;
    this.#wake();
  }

  async close(): Promise<void> {
    this.stopWaiting();
    await this.#transport.close();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LOOK_EVERY);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#stopped) this.#wake();
    });
  }
}

function isAway(error: unknown): error is SecureElementError {
  return error instanceof SecureElementError && error.code === 'card-removed';
}
