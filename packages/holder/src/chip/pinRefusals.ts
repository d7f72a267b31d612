/**
 * Remembers the PIN file that a chip refused, so that nobody tries it again until it changes, however often a service
 * manager starts the program (E-6). The note does not reveal the PIN.
 */
import { statSync } from 'node:fs';
import { toHex } from '@quorate/intent';
import type { PinRefusals } from './chipTypes.ts';
import { readIfPresent, removeIfPresent, replaceFile } from '../files/files.ts';

/** Opens the note of the refused PIN file. */
export function openPinRefusals(path: string): PinRefusals {
  const line = (chipPublicKey: Uint8Array, stamp: string): string =>
    `${toHex(chipPublicKey)} ${stamp}\n`;
  return {
    isRefused: (chipPublicKey, stamp) =>
      readIfPresent(path)?.toString('utf8') === line(chipPublicKey, stamp),
    note: (chipPublicKey, stamp) => replaceFile(path, line(chipPublicKey, stamp)),
    remove: () => removeIfPresent(path),
  };
}

/** Identifies a file without reading it: one that is replaced or written again has another stamp. */
export function stampOfFile(path: string): string {
  const { ino, size, mtimeNs } = statSync(path, { bigint: true });
  return `${ino}-${size}-${mtimeNs}`;
}
