/** One connection to a card in a reader, for APDUs only. docs/spec/chip.md §1. */
import { parseApdu, statusOf } from '../apdu.ts';
import { SecureElementError } from '../errors.ts';
import type { ApduTransport } from '../secureElement.ts';
import { SW } from '../status.ts';
import { SCARD } from './codes.ts';
import { type PcscHandle, LEAVE, type Pcsc, PROTOCOL, RESET } from './native.ts';

/** The longest answer that GET RESPONSE assembles. */
const LONGEST_ANSWER = 65_538;

/**
 * A card that only this process uses until it is closed. Handles `61xx` and `6Cxx`, answers that T=0 cannot
 * carry in one exchange; T=1 answers pass unchanged.
 */
export class PcscCard implements ApduTransport {
  readonly reader: string;
  readonly #pcsc: Pcsc;
  readonly #context: PcscHandle;
  readonly #card: PcscHandle;
  readonly #protocol: number;
  #open = true;

  private constructor(
    pcsc: Pcsc,
    context: PcscHandle,
    reader: string,
    { card, protocol }: { readonly card: PcscHandle; readonly protocol: number },
  ) {
    this.#pcsc = pcsc;
    this.#context = context;
    this.reader = reader;
    this.#card = card;
    this.#protocol = protocol;
  }

  /** @throws SecureElementError `locked` while another program uses the card, `card-absent`, … */
  static async connect(pcsc: Pcsc, reader: string): Promise<PcscCard> {
    const context = await pcsc.establish();
    try {
      return new PcscCard(pcsc, context, reader, await pcsc.connect(context, reader));
    } catch (error) {
      await pcsc.release(context);
      throw error;
    }
  }

  /** Whether the card has stayed in the reader, powered, since it was connected. */
  async isThere(): Promise<boolean> {
    return this.#open && (await this.#pcsc.status(this.#card)) === SCARD.success;
  }

  async transmit(apdu: Uint8Array): Promise<Uint8Array> {
    if (!this.#open) throw new SecureElementError('closed', 'the reader was closed');
    // The service refuses bytes that are no command at all, so the chip's answer is given here.
    if (apdu.length < 4) return Uint8Array.of(SW.wrongLength >> 8, SW.wrongLength & 0xff);
    if (this.#protocol !== PROTOCOL.t0) return this.#exchange(apdu);
    return this.#transmitT0(apdu);
  }

  /** Resets the card, which wipes PIN and sessions; a card that was taken out has lost them already. */
  async close(): Promise<void> {
    await this.#end((await this.isThere()) ? RESET : LEAVE);
  }

  /** Leaves a card that is not ours untouched. */
  leave(): Promise<void> {
    return this.#end(LEAVE);
  }

  async #end(disposition: typeof LEAVE | typeof RESET): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#pcsc.disconnect(this.#card, disposition);
    await this.#pcsc.release(this.#context);
  }

  async #exchange(apdu: Uint8Array): Promise<Uint8Array> {
    const answer = await this.#pcsc.transmit(this.#card, this.#protocol, apdu);
    if (answer.length >= 2) return answer;
    // Some drivers report a card that was removed during a command as an empty answer.
    const message = `the card in ${this.reader} gave no status word`;
    throw new SecureElementError('reader-failure', message);
  }

  async #transmitT0(apdu: Uint8Array): Promise<Uint8Array> {
    const command = t0Command(apdu);
    const parts: Uint8Array[] = [];
    try {
      let answer = await this.#exchangeWithLength(command);
      for (let total = 0; statusOf(answer) >> 8 === 0x61; ) {
        parts.push(answer.subarray(0, -2));
        total += answer.length;
        if (total > LONGEST_ANSWER) {
          throw new SecureElementError('invalid-response', 'the card’s answer does not end');
        }
        const next = Uint8Array.of(0x00, 0xc0, 0, 0, statusOf(answer) & 0xff);
        answer = await this.#exchangeWithLength(next);
      }
      parts.push(answer);
      return Uint8Array.from(Buffer.concat(parts));
    } finally {
      command.fill(0);
      for (const part of parts) part.fill(0);
    }
  }

  /** `6Cxx`: the card did nothing, and asks for a request of xx bytes. */
  async #exchangeWithLength(command: Uint8Array): Promise<Uint8Array> {
    const answer = await this.#exchange(command);
    const status = statusOf(answer);
    if (status >> 8 !== 0x6c || command.length !== 5 || answer.length !== 2) return answer;
    return this.#exchange(Uint8Array.of(...command.subarray(0, 4), status & 0xff));
  }
}

/** T=0 has no place for an expected length after data, and always one for a length. */
function t0Command(apdu: Uint8Array): Uint8Array {
  const command = parseApdu(apdu);
  if (command === null) return apdu.slice();
  if (apdu.length === 4) return Uint8Array.of(...apdu, 0);
  const short = apdu[4] !== 0 || apdu.length === 5;
  const both = short && command.data.length > 0 && command.le !== null;
  return both ? apdu.slice(0, -1) : apdu.slice();
}
