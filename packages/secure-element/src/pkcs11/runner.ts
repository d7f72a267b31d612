/** A token as a powered card: commands in, answers out, and a new session whenever the old one is lost. */
import { isRepeatable, selectApdu, statusOf } from '../apdu.ts';
import { ChipMachine } from '../card/machine.ts';
import { SecureElementError } from '../errors.ts';
import { SW } from '../status.ts';
import { TokenGoneError } from './calls.ts';
import type { TokenCard } from './tokenCard.ts';

/** Reopens the same token; given a key, refuses another chip. */
export type CardOpener = (known: Uint8Array | null) => TokenCard;

/** Errors of the search for a token that is away. */
const AWAY: ReadonlySet<string> = new Set(['reader-not-found', 'card-removed']);

/** Failures that do not concern the token's content. */
const FAILURES: ReadonlySet<string> = new Set(['chip-failure', 'memory-failure']);

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
   * Answers one command APDU. A lost session is a reset: PIN, challenges and sessions are gone, so a command
   * that was not sent before may then ask for the PIN. After a failure of the token the next command gets a
   * new session: calls left open are closed, and the token's content is read again.
   *
   * @throws SecureElementError if a status word says too little: `card-removed`, `chip-failure`,
   * `memory-failure`, `token-unsafe`, `token-changed`
   */
  process(apdu: Uint8Array): Uint8Array {
    const powered = this.#present();
    try {
      return this.#run(powered, apdu);
    } catch (error) {
      if (!(error instanceof TokenGoneError)) throw error;
      this.#powerOff();
      if (!isRepeatable(apdu)) throw this.#interrupted(error);
    }
    try {
      return this.#run(this.#present(), apdu);
    } catch (error) {
      if (!(error instanceof TokenGoneError)) throw error;
      this.#powerOff();
      throw this.#removed(error);
    }
  }

  /** Number of records changed by something else; 0 before the PIN. */
  damaged(): number {
    return this.#powered?.card.damaged() ?? 0;
  }

  close(): void {
    this.#powerOff();
    this.#unlock();
  }

  #run({ card, machine }: Powered, apdu: Uint8Array): Uint8Array {
    const answer = machine.process(apdu);
    const fault = card.takeFault();
    const isBroken = statusOf(answer) === SW.memoryFailure;
    if (isBroken || (fault instanceof SecureElementError && FAILURES.has(fault.code))) {
      this.#powerOff();
    }
    if (fault === null) return answer;
    answer.fill(0);
    throw fault;
  }

  /** The token with a living session: nothing is sent into a lost one, and no session opens for another chip. */
  #present(): Powered {
    if (this.#powered !== null && !this.#powered.card.isThere()) this.#powerOff();
    this.#powered ??= this.#powerOnAgain();
    return this.#powered;
  }

  #powerOn(): Powered {
    const card = this.#open(this.#chipKey);
    return { card, machine: new ChipMachine(card) };
  }

  /** The host had selected the applet, and does not know of the reset. */
  #powerOnAgain(): Powered {
    try {
      const powered = this.#powerOn();
      powered.machine.process(selectApdu());
      return powered;
    } catch (error) {
      const isAway =
        error instanceof TokenGoneError ||
        (error instanceof SecureElementError && AWAY.has(error.code));
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

  #interrupted(cause: TokenGoneError): SecureElementError {
    const message = `the token ${this.#name} was removed during a command, which it may have executed`;
    return new SecureElementError('card-removed', message, { cause });
  }

  /** Also for a sent command, if it changes nothing. */
  #removed(cause: unknown): SecureElementError {
    const message = `the token ${this.#name} was removed: put it back`;
    return new SecureElementError('card-removed', message, { cause, unsent: true });
  }
}
