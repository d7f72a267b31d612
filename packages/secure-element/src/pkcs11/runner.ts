/** A token as a card with power: commands in, answers out, a new session when the old one is lost. */
import { AID, CLA_ISO, encodeApdu, INS, parseApdu } from '../apdu.ts';
import { ChipMachine } from '../card/machine.ts';
import { SecureElementError } from '../errors.ts';
import { TokenGoneError } from './session.ts';
import type { TokenCard } from './tokenCard.ts';

/** Opens the same token again; given a key, refuses another chip. */
export type CardOpener = (known: Uint8Array | null) => TokenCard;

interface Powered {
  readonly card: TokenCard;
  readonly machine: ChipMachine;
}

/** One opened token. */
export class TokenRunner {
  readonly #name: string;
  readonly #open: CardOpener;
  readonly #unlock: () => void;
  #powered: Powered | null;
  #chipKey: Uint8Array | null = null;

  constructor(name: string, open: CardOpener, unlock: () => void) {
    this.#name = name;
    this.#open = open;
    this.#unlock = unlock;
    this.#powered = this.#powerOn();
  }

  /**
   * Answers one command APDU.
   *
   * @throws SecureElementError where a status word says too little: `card-removed`, `token-unsafe`, `token-changed`
   */
  process(apdu: Uint8Array): Uint8Array {
    try {
      return this.#run(apdu);
    } catch (error) {
      if (!(error instanceof TokenGoneError)) throw error;
    }
    // A lost session is a reset: PIN, challenges and sessions are gone. The command may then ask for the PIN.
    this.#powerOff();
    if (parseApdu(apdu)?.ins === INS.changePin) throw this.#interrupted();
    try {
      return this.#run(apdu);
    } catch (error) {
      if (!(error instanceof TokenGoneError)) throw error;
      this.#powerOff();
      throw this.#removed(error);
    }
  }

  /** Records that something else changed; 0 before the PIN. */
  damaged(): number {
    return this.#powered?.card.damaged() ?? 0;
  }

  close(): void {
    this.#powerOff();
    this.#unlock();
  }

  #run(apdu: Uint8Array): Uint8Array {
    this.#powered ??= this.#powerOnAgain();
    const { card, machine } = this.#powered;
    const answer = machine.process(apdu);
    const fault = card.takeFault();
    if (fault === null) return answer;
    answer.fill(0);
    throw fault;
  }

  #powerOn(): Powered {
    const card = this.#open(this.#chipKey);
    return { card, machine: new ChipMachine(card) };
  }

  /** The host selected the applet before; it does not know of the reset. */
  #powerOnAgain(): Powered {
    try {
      const powered = this.#powerOn();
      powered.machine.process(
        encodeApdu({ cla: CLA_ISO, ins: INS.select, p1: 4, p2: 0, data: AID }),
      );
      return powered;
    } catch (error) {
      const isAway = error instanceof SecureElementError && error.code === 'reader-not-found';
      throw isAway ? this.#removed(error) : error;
    }
  }

  #powerOff(): void {
    if (this.#powered === null) return;
    const { card, machine } = this.#powered;
    this.#chipKey = card.knownKey() ?? this.#chipKey;
    machine.powerOff();
    this.#powered = null;
  }

  #interrupted(): SecureElementError {
    const message = `the token ${this.#name} was removed while its PIN was changed: which PIN it has is not known`;
    return new SecureElementError('card-removed', message);
  }

  #removed(cause: unknown): SecureElementError {
    const message = `the token ${this.#name} was removed: put it back`;
    return new SecureElementError('card-removed', message, { cause });
  }
}
