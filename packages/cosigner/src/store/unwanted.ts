/**
 * Records of the chip that nothing needs any longer, until the chip has deleted them: one empty file each,
 * named by the record and the address.
 */
import { makePrivateDirectory, removeIfPresent, replaceFile } from '@quorate/holder';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex, toHex } from '@quorate/intent';
import type { RecordName } from '../vault.ts';

const NAME = /^([0-9a-f]{64})-([0-9a-f]{40})$/;

/** The records that the chip still has to delete. */
export interface Unwanted {
  list(): RecordName[];
  add(name: RecordName): void;
  remove(name: RecordName): void;
}

/** Opens the folder. */
export function openUnwanted(directory: string): Unwanted {
  makePrivateDirectory(directory);
  const fileOf = ({ recordId, address }: RecordName): string =>
    join(directory, `${toHex(recordId)}-${toHex(address)}`);
  return {
    list: () =>
      readdirSync(directory).flatMap((file) => {
        const [, recordId, address] = NAME.exec(file) ?? [];
        if (recordId === undefined || address === undefined) return [];
        return [{ recordId: fromHex(recordId), address: fromHex(address) }];
      }),
    add: (name) => replaceFile(fileOf(name), ''),
    remove: (name) => removeIfPresent(fileOf(name)),
  };
}
