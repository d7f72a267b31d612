/** Judges an invitation to a key generation by the agent's own roster alone. */
import { toHex } from '@quorate/intent';
import type { InviteOf } from '@quorate/wire';
import type { Holder } from '../../records/keyRecord.ts';
import { checkChipName } from '../checks.ts';
import type { CeremonyContext } from '../context.ts';
import { refuseUnless } from '../refusal.ts';

/** Checks an invitation against this agent's roster; returns all holders with their pinned chips. */
export function checkInvite(
  context: CeremonyContext,
  invite: InviteOf<'keygen'>,
): readonly Holder[] {
  const { threshold, total_parts: parties, part_index: index } = invite;
  const participants = invite.participants.map((name) => name.normalize('NFC'));
  refuseUnless(participants.length === parties, 'invalid_invite', 'participants and total differ');
  refuseUnless(new Set(participants).size === parties, 'invalid_invite', 'a person twice');
  refuseUnless(threshold >= 2 && threshold <= parties, 'invalid_invite', 'threshold out of range');
  refuseUnless(participants[index - 1] === context.username, 'invalid_invite', 'not our index');
  checkChipName(context, invite.se_id);
  const holders = participants.map((username, at) => {
    const pinned = context.state.pins.find(username);
    refuseUnless(pinned !== undefined, 'not_in_roster', `no chip is pinned for ${username}`);
    return { part_index: at + 1, username, chip_public_key: toHex(pinned) };
  });
  const own = holders[index - 1]?.chip_public_key;
  refuseUnless(
    own === toHex(context.chip.publicKey),
    'chip_mismatch',
    'our chip is not the pinned',
  );
  const chips = new Set(holders.map((holder) => holder.chip_public_key));
  refuseUnless(chips.size === parties, 'chip_mismatch', 'one chip for two participants');
  return holders;
}
