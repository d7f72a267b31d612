/** The messages of a destruction. */
import type { DestroyComplete, DestroyInvite, DestroyParams } from '@quorate/wire';
import { signersOf } from '../../session/certificate.ts';
import type { Words } from '../../session/ceremony.ts';
import { invitation, peersOf } from '../../session/messages.ts';
import { partsOf } from './accounts.ts';
import type { DestroyParty, DestroyState } from './state.ts';

export const words: Words<DestroyState> = {
  invite: (state, party): DestroyInvite => {
    const { address, destruction } = state.target;
    return {
      type: 'destroy_invite',
      ...invitation(state, party),
      address,
      reason: destruction.reason,
      absent: destruction.absent.map(({ index, username, chipState }) => ({
        username,
        part_index: index,
        chip_state: chipState,
      })),
    };
  },
  complete: (state, _outcome, common): DestroyComplete => ({
    type: 'destroy_complete',
    ...common,
    address: state.target.address,
    parts: partsOf(state),
  }),
  remarks: (outcome) => {
    const parties = outcome.success ? (outcome.closed?.unproven ?? []) : [];
    return [{ text: 'unproven', parties }];
  },
  requestDetails: ({ target: { address, digest, destruction } }) => ({
    address,
    digest,
    reason: destruction.reason,
  }),
};

/** Tells a holder that every holder has consented, and lets its chip delete the record. */
export function paramsOf(
  state: DestroyState,
  party: DestroyParty,
  { signature, challenge }: { readonly signature: string; readonly challenge: string },
): DestroyParams {
  return {
    type: 'destroy_params',
    session_key: state.sessionKey,
    address: state.target.address,
    reason_hash: state.target.digest,
    signature,
    parties: signersOf(state).join(','),
    part_index: party.index,
    record_id: party.recordId,
    peers: peersOf(state),
    chip_challenge: challenge,
  };
}
