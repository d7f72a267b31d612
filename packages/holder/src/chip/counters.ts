/**
 * The highest state counter that each chip has shown to this machine. A chip whose counter falls is an
 * older copy of itself: spent PIN tries, deleted records and lower release counts came back (E-1).
 */
import { toHex } from '@quorate/intent';
import { z } from 'zod';
import { HolderError } from '../errors.ts';
import { readIfPresent, replaceFile } from '../files/files.ts';

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

/** Opens the file of counters. @throws HolderError `store/tampered` */
export function openChipCounters(path: string): ChipCounters {
  const counters = load(path);
  return {
    see: (chipPublicKey, counter, isProven = true) => {
      const chip = toHex(chipPublicKey);
      const before = counters.get(chip) ?? -1;
      if (counter < before) {
        throw new HolderError(
          'chip/rolled-back',
          `the chip's state counter is ${counter} and was ${before}: this is an older copy of the chip; put the present one back`,
        );
      }
      if (counter === before || !isProven) return;
      const changed = new Map(counters).set(chip, counter);
      const file = { format: 'quorate-chips/v1', counters: Object.fromEntries(changed) };
      replaceFile(path, `${JSON.stringify(file, null, 2)}\n`);
      counters.set(chip, counter);
    },
  };
}

function load(path: string): Map<string, number> {
  const text = readIfPresent(path)?.toString('utf8');
  if (text === undefined) return new Map();
  try {
    return new Map(Object.entries(fileSchema.parse(JSON.parse(text)).counters));
  } catch (error) {
    throw new HolderError('store/tampered', `chip counters ${path} cannot be used`, error);
  }
}
