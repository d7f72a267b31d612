/**
 * Room on the chip, looked at before a set-up costs anything. A new key leaves one record free, so that the
 * keys that are there can always be refreshed: a locked one would stay locked otherwise.
 */
import { CosignerError } from '../errors.ts';
import type { Vault } from '../vault.ts';

/** The free records of one chip. */
export class ChipRoom {
  readonly #vault: Pick<Vault, 'room'>;
  /** Records that running set-ups are to make. */
  #promised = 0;

  constructor(vault: Pick<Vault, 'room'>) {
    this.#vault = vault;
  }

  /**
   * Promises a record to a set-up, until the result is called.
   * @throws CosignerError `chip_full`
   */
  async reserve(type: 'keygen' | 'refresh'): Promise<() => void> {
    const free = (await this.#vault.room()) - this.#promised;
    if (free < (type === 'keygen' ? 2 : 1)) throw new CosignerError('chip_full');
    this.#promised += 1;
    let held = true;
    return () => {
      if (held) this.#promised -= 1;
      held = false;
    };
  }
}

/** The record that one set-up was promised, if it was. */
export class PromisedRoom {
  readonly #room: ChipRoom;
  #giveBack: (() => void) | undefined;
  #over = false;

  constructor(room: ChipRoom) {
    this.#room = room;
  }

  /** A signature needs none. @throws CosignerError `chip_full` */
  async take(type: 'keygen' | 'refresh' | 'sign'): Promise<void> {
    if (type === 'sign') return;
    this.#giveBack = await this.#room.reserve(type);
    if (this.#over) this.#giveBack();
  }

  /** The record is on the chip, or will never be. */
  giveUp(): void {
    this.#over = true;
    this.#giveBack?.();
  }
}
