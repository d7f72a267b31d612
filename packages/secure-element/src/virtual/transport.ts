/** The power of a virtual chip, and the way of its commands: one at a time, each with everything on disk before its answer. */
import { selectApdu, statusOf } from '../apdu.ts';
import type { ChipMachine } from '../card/machine.ts';
import { SecureElementError } from '../errors.ts';
import type { ApduTransport } from '../secureElement.ts';
import { statusBytes, SW } from '../status.ts';

/** The power of a virtual chip. */
export interface Power {
  /** Off and on: a new machine over the content of the file. */
  again(): ChipMachine;
  /** The write that the last command began, if it has begun one. */
  takeWritten(): Promise<void> | undefined;
  off(): void;
}

/** A virtual chip with power. */
export class VirtualTransport implements ApduTransport {
  #machine: ChipMachine | null;
  readonly #power: Power;
  #isOn = true;
  #last: Promise<unknown> = Promise.resolve();

  constructor(machine: ChipMachine, power: Power) {
    this.#machine = machine;
    this.#power = power;
  }

  transmit(apdu: Uint8Array): Promise<Uint8Array> {
    return this.#inTurn(() => this.#process(apdu));
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#isOn) return;
      this.#isOn = false;
      this.#powerDown();
      this.#power.off();
    });
  }

  /** The file must not change under a command that waits for its write. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #process(apdu: Uint8Array): Promise<Uint8Array> {
    if (!this.#isOn) throw new SecureElementError('closed', 'the chip has no power');
    this.#machine ??= this.#restart();
    const answer = await this.#onceWritten(this.#machine.process(apdu));
    // Silent until its power returns, with the next command.
    if (statusOf(answer) === SW.memoryFailure) this.#powerDown();
    return answer;
  }

  /** Security: an opener that left before its count is on disk could be released again without a trace (E-1). */
  async #onceWritten(answer: Uint8Array): Promise<Uint8Array> {
    try {
      await this.#power.takeWritten();
      return answer;
    } catch {
      answer.fill(0);
      return statusBytes(SW.memoryFailure);
    }
  }

  #powerDown(): void {
    this.#machine?.powerOff();
    this.#machine = null;
  }

  /** The host had selected the applet, and does not know of the reset. */
  #restart(): ChipMachine {
    const machine = this.#power.again();
    machine.process(selectApdu());
    return machine;
  }
}
