/** Journals of stores whose flushes are done when they are asked for, so that fake timers suffice. */
import { makePrivateDirectory, silentLogger } from '@quorate/holder';
import { join } from 'node:path';
import { type Disk, machineDisk } from '../../../holder/src/journal/disk.ts';
import type { SessionRecord } from '../../src/store/sessionRecords.ts';
import { StoreJournal } from '../../src/store/storeJournal.ts';

/** A disk that flushes when it is asked to, and has no room while it is full. */
function promptDisk(isFull: () => boolean): Disk {
  const check = (): void => {
    if (isFull()) throw Object.assign(new Error('no space left'), { syscall: 'write' });
  };
  return {
    ...machineDisk,
    open: (path, as) => {
      const file = machineDisk.open(path, as);
      const writeSync = (bytes: Uint8Array, at: number): void => {
        check();
        file.writeSync(bytes, at);
      };
      return {
        ...file,
        writeSync,
        write: async (bytes, at) => writeSync(bytes, at),
        flush: async () => file.flushSync(),
      };
    },
  };
}

/** The journal in a folder; `former` are the sessions of a new one. */
export function openJournalIn(
  directory: string,
  former: readonly SessionRecord[] = [],
  isFull: () => boolean = () => false,
): StoreJournal {
  makePrivateDirectory(directory);
  return new StoreJournal({
    path: join(directory, 'journal'),
    first: () => former.map((record) => ({ entry: 'session', record })),
    logger: silentLogger,
    disk: promptDisk(isFull),
  });
}
