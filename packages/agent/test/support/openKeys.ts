// The key records of a directory that has nothing else, opened until the test is over or they are closed.
import type { Disk } from '@quorate/holder';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openAgentJournal } from '../../src/records/agentJournal.ts';
import { type BanReserve, openBanReserve } from '../../src/records/banReserve.ts';
import { type KeyRecords, openKeyRecords } from '../../src/records/keyRecords.ts';
import { RESERVE_FILE } from '../../src/records/names.ts';

export interface OpenKeys {
  readonly keys: KeyRecords;
  readonly reserve: BanReserve;
  readonly close: () => void;
}

export function openKeys(directory: string, disk?: Disk): OpenKeys {
  const opened = openAgentJournal(directory, { tell: () => undefined, disk });
  const reserve = openBanReserve(join(directory, 'keys', RESERVE_FILE));
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    opened.journal.close();
    reserve.close();
  };
  onTestFinished(close);
  return { keys: openKeyRecords(opened, reserve), reserve, close };
}
