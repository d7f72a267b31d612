/** Participants as a person sees them. */
import { chipFingerprint, fromHex, shortFingerprint } from '@quorate/intent';
import type { PinnedParticipant } from '../approval/kind.ts';
import type { Holder } from '../records/keyRecord.ts';

/** A holder with the short form of the chip key that this agent has pinned for it. */
export function shown(holder: Holder): PinnedParticipant {
  return {
    username: holder.username,
    partIndex: holder.part_index,
    fingerprint: shortFingerprint(chipFingerprint(fromHex(holder.chip_public_key))),
  };
}
