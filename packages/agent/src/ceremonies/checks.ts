/** Checks of messages that every kind of ceremony has. */
import { sessionFileName } from '../records/sessionRecords.ts';
import type { SessionControl } from './ceremony.ts';
import type { CeremonyContext } from './context.ts';
import { refuseUnless } from './refusal.ts';

/** Refuses another registry's name of our chip than the configuration pins. */
export function checkChipName(context: CeremonyContext, seId: string): void {
  const right = context.seId === undefined || context.seId === seId;
  refuseUnless(right, 'chip_mismatch', 'the invitation is for another chip');
}

/** Refuses a file name that is not the one of this session's record: names are computed here. */
export function checkFileName({ sessionKey, partIndex }: SessionControl, name: string): void {
  const fileName = sessionFileName(sessionKey, partIndex);
  refuseUnless(name === fileName, 'filename', `expected ${fileName}`);
}
