/**
 * The PIN file that a chip has refused: it is not tried again until it changes, however often a service
 * manager starts the agent (E-6). Nothing in it tells the PIN.
 */
import { statSync } from 'node:fs';
import { toHex } from '@quorate/intent';
import type { PinRefusals } from './chip.ts';
import { readIfPresent, removeIfPresent, replaceFile } from '../files/files.ts';

/** Opens the note of the refused PIN file. */
export function openPinRefusals(path: string): PinRefusals {
  const line = (chipPublicKey: Uint8Array, stamp: string): string =>
    `${toHex(chipPublicKey)} ${stamp}\n`;
  return {
    isRefused: (chipPublicKey, stamp) =>
      readIfPresent(path)?.toString('utf8') === line(chipPublicKey, stamp),
    note: (chipPublicKey, stamp) => replaceFile(path, line(chipPublicKey, stamp)),
    clear: () => removeIfPresent(path),
  };
}

/** Which file this is: another one, or the same one written again, differs. */
export function stampOfFile(path: string): string {
  const { ino, size, mtimeNs } = statSync(path, { bigint: true });
  return `${ino}-${size}-${mtimeNs}`;
}
