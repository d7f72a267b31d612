/** The messages of a key generation. */
import type { KeygenComplete, KeygenInvite, KeygenParams } from '@quorate/wire';
import type { Words } from '../../session/ceremony.ts';
import { filenameOf, invitation, peersOf } from '../../session/messages.ts';
import type { Party } from '../../session/types.ts';
import type { KeygenState } from './state.ts';

export const words: Words<KeygenState> = {
  invite: (state, party): KeygenInvite => ({
    type: 'keygen_invite',
    ...invitation(state, party),
  }),
  complete: (_state, outcome, common): KeygenComplete => ({
    type: 'keygen_complete',
    ...common,
    address: outcome.success ? outcome.address : '',
    ...(outcome.success ? { public_key: outcome.publicKey } : {}),
  }),
  remarks: () => [],
  requestDetails: () => ({}),
};

/** Tells a party that every party has accepted. */
export function paramsOf(state: KeygenState, party: Party): KeygenParams {
  return {
    type: 'keygen_params',
    session_key: state.sessionKey,
    threshold: state.threshold,
    total_parts: state.totalParts,
    part_index: party.index,
    filename: filenameOf(state, party),
    peers: peersOf(state),
  };
}
