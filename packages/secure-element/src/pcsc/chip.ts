/**
 * A chip that may be taken out and put back. Between commands this costs only time: the next command waits
 * until the same chip is in a reader again. docs/spec/chip.md §1.
 */
import { isRepeatable, statusOf } from '../apdu.ts';
import { SecureElementError } from '../errors.ts';
import type { ApduTransport } from '../secureElement.ts';
import { SW } from '../status.ts';
import type { PcscCard } from './card.ts';
import { findChip, nameOf, type Seen } from './find.ts';
import type { Pcsc } from './native.ts';
import type { ChipFinding } from './probe.ts';

/** How often to look at the readers while a chip is out, ms. */
const LOOK_EVERY = 250;
/** The most times that a repeatable command is sent. */
const ATTEMPTS = 3;

/** Errors that end the connection to a card; any other is an answer. */
const LOSSES: ReadonlySet<string> = new Set([
  'card-absent',
  'card-removed',
  'no-service',
  'reader-failure',
  'reader-not-found',
]);

/** Options of a chip in a reader. */
export interface PcscChipOptions {
  readonly pcsc: Pcsc;
  readonly found: ChipFinding;
  /** The configured reader: the chip must return there. */
  readonly reader?: string | undefined;
  readonly onWaiting: (what: string) => void;
}

/** The way to one chip, whichever connection leads to it now. */
export class PcscChip implements ApduTransport {
  readonly #pcsc: Pcsc;
  readonly #reader: string | undefined;
  readonly #publicKey: Uint8Array | null;
  readonly #onWaiting: (what: string) => void;
  #lastReader: string;
  #card: PcscCard | undefined;
  #stopped = false;
  #wake: () => void = () => undefined;

  constructor({ pcsc, found, reader, onWaiting }: PcscChipOptions) {
    this.#pcsc = pcsc;
    this.#reader = reader;
    this.#publicKey = found.publicKey;
    this.#onWaiting = onWaiting;
    this.#card = found.card;
    this.#lastReader = found.reader;
  }

  async transmit(apdu: Uint8Array): Promise<Uint8Array> {
    const repeatable = isRepeatable(apdu);
    for (let attempt = 1; ; attempt += 1) {
      const card = await this.#present();
      try {
        const answer = await card.transmit(apdu);
        if (statusOf(answer) === SW.memoryFailure) await this.#powerDown();
        return answer;
      } catch (error) {
        if (!isLoss(error)) throw error;
        await this.#leave();
        if (!repeatable) throw interrupted(card.reader, error);
        if (attempt === ATTEMPTS) throw error;
      }
    }
  }

  stopWaiting(): void {
    this.#stopped = true;
    this.#wake();
  }

  async close(): Promise<void> {
    this.stopWaiting();
    const card = this.#card;
    this.#card = undefined;
    await card?.close();
  }

  /** Cuts the power of a card whose write failed: it stays silent until the next command's reset. */
  async #powerDown(): Promise<void> {
    // A card without a key could not be recognised afterwards.
    if (this.#publicKey === null) return;
    const card = this.#card;
    this.#card = undefined;
    await card?.close();
  }

  async #leave(): Promise<void> {
    const card = this.#card;
    this.#card = undefined;
    // A reset would hit whatever card is in the reader by now.
    await card?.leave();
  }

  /**
   * Returns the connected chip; sends nothing to a card that was away, or reset, until it is recognised again.
   */
  async #present(): Promise<PcscCard> {
    if (this.#card && (await this.#card.isThere())) return this.#card;
    await this.#leave();
    const { card, reader } = await this.#again();
    this.#lastReader = reader;
    this.#card = card;
    return card;
  }

  async #again(): Promise<ChipFinding> {
    const publicKey = this.#publicKey;
    if (publicKey === null) {
      const message = `the chip was taken out of ${this.#lastReader}; it has no key to recognise it by`;
      throw new SecureElementError('card-removed', message);
    }
    const seen: Seen = new Map();
    const name = nameOf(publicKey);
    let told = '';
    for (;;) {
      try {
        return await findChip(this.#pcsc, { reader: this.#reader, publicKey }, seen);
      } catch (error) {
        if (!(error instanceof SecureElementError)) throw error;
        if (this.#stopped) throw this.#gone(name, error);
        const what = `put the chip ${name} back (it was in ${this.#lastReader}): ${error.message}`;
        if (what !== told) this.#onWaiting(what);
        told = what;
      }
      await this.#pause();
    }
  }

  #gone(name: string, cause: SecureElementError): SecureElementError {
    const message = `the chip ${name} was taken out of ${this.#lastReader}: ${cause.message}`;
    return new SecureElementError('card-removed', message, { cause });
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

function isLoss(error: unknown): error is SecureElementError {
  return error instanceof SecureElementError && LOSSES.has(error.code);
}

function interrupted(reader: string, cause: SecureElementError): SecureElementError {
  const message = `the chip in ${reader} was taken out, or stopped, during a command, which it may have executed`;
  return new SecureElementError('card-removed', message, { cause });
}
