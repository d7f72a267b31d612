/**
 * The sessions that a chip still knows, as its host can tell: it remembers the last ones that it signed, and
 * knows one again once it is shown the same payload.
 */
import { sessionHash, toHex } from '@quorate/intent';
import { type SecureElement, SecureElementError } from '@quorate/secure-element';

/** The last sessions of one chip. */
export class SignedSessions {
  readonly #chipPublicKey: Uint8Array;
  readonly #most: number;
  /** Session hashes in hex, oldest first. */
  readonly #hashes = new Set<string>();

  /** `most`: how many the chip remembers. */
  constructor(chipPublicKey: Uint8Array, most: number) {
    this.#chipPublicKey = chipPublicKey;
    this.#most = most;
  }

  /** Has the chip sign a payload; that session is its newest then. */
  async sign(element: SecureElement, payload: Uint8Array): Promise<Uint8Array> {
    const der = await element.signSession(payload);
    const name = this.#nameOf(payload);
    this.#hashes.delete(name);
    this.#hashes.add(name);
    const [oldest] = this.#hashes;
    if (this.#hashes.size > this.#most && oldest !== undefined) this.#hashes.delete(oldest);
    return der;
  }

  /**
   * Shows the chip a session again that it has forgotten for later ones, in the same turn as the command that needs it.
   * @throws SecureElementError of a command that was not sent
   */
  async show(element: SecureElement, payload: Uint8Array | undefined): Promise<void> {
    if (payload === undefined || this.#hashes.has(this.#nameOf(payload))) return;
    try {
      await this.sign(element, payload);
    } catch (error) {
      if (!(error instanceof SecureElementError)) throw error;
      throw new SecureElementError(error.code, error.message, { unsent: true, cause: error });
    }
  }

  /** Forgets all, as the chip does at a reset. */
  forget(): void {
    this.#hashes.clear();
  }

  #nameOf(payload: Uint8Array): string {
    return toHex(sessionHash(this.#chipPublicKey, payload));
  }
}
