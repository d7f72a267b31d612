/**
 * The highest state counter that each chip has shown to this machine. A chip whose counter falls is an
 * older copy of itself: spent PIN tries, deleted records and lower release counts came back (E-1).
 */
import { toHex } from '@quorate/intent';
import { z } from 'zod';
import { HolderError } from '../errors.ts';
import { readIfPresent } from '../files/files.ts';

/** The memory of the chips that this machine has used. */
export interface ChipCounters {
  /**
   * Compares a chip's counter with the one seen before, and keeps it durably when it is higher and the chip has
   * proven that it has this key.
   * @throws HolderError `chip/rolled-back` when it is lower
   */
  see(chipPublicKey: Uint8Array, counter: number, isProven?: boolean): void;
}

const fileSchema = z.strictObject({
  format: z.literal('quorate-chips/v1'),
  counters: z.record(z.string().regex(/^04[0-9a-f]{128}$/), z.int().nonnegative()),
});

/** The memory that outlives the process. */
export interface CounterMemory {
  /** The highest counter seen, by the chip's key in hex. */
  of(chip: string): number | undefined;
  /** On disk when the call returns. */
  keep(chip: string, counter: number): void;
}

/** Makes the comparison over a memory. */
export function createChipCounters(memory: CounterMemory): ChipCounters {
  return {
    see: (chipPublicKey, counter, isProven = true) => {
      const chip = toHex(chipPublicKey);
      const before = memory.of(chip) ?? -1;
      if (counter < before) {
        throw new HolderError(
          'chip/rolled-back',
          `the chip's state counter is ${counter} and was ${before}: this is an older copy of the chip; put the present one back`,
        );
      }
      if (counter > before && isProven) memory.keep(chip, counter);
    },
  };
}

/** Reads the file in which a former version kept them, by the chip's key in hex. @throws HolderError `store/tampered` */
export function readChipCounters(path: string): ReadonlyMap<string, number> {
  const text = readIfPresent(path)?.toString('utf8');
  if (text === undefined) return new Map();
  try {
    return new Map(Object.entries(fileSchema.parse(JSON.parse(text)).counters));
  } catch (error) {
    throw new HolderError('store/tampered', `chip counters ${path} cannot be used`, error);
  }
}
