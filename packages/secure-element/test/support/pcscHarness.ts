/** Virtual chips as cards in readers, for the suites that speak to a chip. */
import { type ApduTransport, createVirtualChip, openVirtualChip } from '../../src/index.ts';
import { PcscCard } from '../../src/pcsc/card.ts';
import { loadPcsc } from '../../src/pcsc/native.ts';
import type { ChipUnderTest } from './host.ts';
import { makeChipFile, openFragileChip, PASSPHRASE, SCRYPT_COST } from './virtualHarness.ts';
import { type Pcscd, READERS, VpcdCard } from './vpcd.ts';

/** A chip that can be made into a card. */
export interface CardBodyChip {
  readonly power: () => Promise<ApduTransport>;
  /** Power on, and off again directly after the nth write. */
  readonly powerUntilWrite: (count: number) => Promise<ApduTransport>;
  readonly remove: () => void | Promise<void>;
}

/** A new virtual chip that can be made into a card. */
export interface CardChip extends CardBodyChip {
  readonly file: string;
  readonly remove: () => void;
}

/** Makes the file of a new chip. */
export async function makeCardChip(): Promise<CardChip> {
  const { file, remove } = makeChipFile();
  const options = { file, passphrase: PASSPHRASE };
  await (await createVirtualChip({ ...options, scryptCost: SCRYPT_COST })).close();
  return {
    file,
    power: () => openVirtualChip(options),
    powerUntilWrite: (count) => openFragileChip(file, count),
    remove,
  };
}

interface Slot {
  readonly reader: string;
  readonly card: VpcdCard;
  power: () => Promise<ApduTransport>;
  free: boolean;
}

/**
 * Two cards that stay in their readers; each new chip takes the place of another inside one of them, with a reset,
 * because the service needs half a second to notice a card that comes or goes.
 */
export class ChipsInReaders {
  readonly #slots: Slot[] = [];

  static async insert(pcscd: Pcscd): Promise<ChipsInReaders> {
    const chips = new ChipsInReaders();
    for (const at of [0, 1] as const) {
      const dead = (): Promise<ApduTransport> => Promise.reject(new Error('no chip'));
      const card = new VpcdCard(pcscd, at, { power: () => slot.power() });
      const slot: Slot = { reader: READERS[at], power: dead, free: true, card };
      chips.#slots.push(slot);
      await card.insert();
    }
    return chips;
  }

  /** A fresh chip in a free reader. */
  async make(makeChip: () => Promise<CardBodyChip> = makeCardChip): Promise<ChipUnderTest> {
    const slot = this.#slots.find(({ free }) => free);
    if (!slot) throw new Error('no free reader');
    slot.free = false;
    const chip = await makeChip();
    const pcsc = await loadPcsc();
    let transport: PcscCard | undefined;
    const reset = async (power: () => Promise<ApduTransport>): Promise<void> => {
      await transport?.close();
      slot.power = power;
      transport = await PcscCard.connect(pcsc, slot.reader);
      await transport.close();
      transport = await PcscCard.connect(pcsc, slot.reader);
    };
    await reset(chip.power);
    return {
      get transport() {
        if (!transport) throw new Error('disposed');
        return transport;
      },
      reset: () => reset(chip.power),
      resetAndCutPowerAfterWrite: (count) => reset(() => chip.powerUntilWrite(count)),
      dispose: async () => {
        await transport?.close();
        slot.free = true;
        await chip.remove();
      },
    };
  }
}
