/** The messages of a signature. */
import type { SignComplete, SignInvite, SignParams } from '@quorate/wire';
import { fromHex, toBase64 } from '@quorate/intent';
import { signersOf } from '../../session/certificate.ts';
import type { Words } from '../../session/ceremony.ts';
import { filenameOf, invitation, peersOf } from '../../session/messages.ts';
import type { Party } from '../../session/types.ts';
import type { SignState } from './state.ts';

export const words: Words<SignState> = {
  invite: (state, party): SignInvite => {
    const { target } = state;
    return {
      type: 'sign_invite',
      ...invitation(state, party),
      data: target.digest,
      address: target.address,
      ...(target.payload === undefined ? {} : { payload: target.payload }),
      ...(target.display === undefined ? {} : { display: target.display }),
    };
  },
  complete: (_state, outcome, common): SignComplete => ({
    type: 'sign_complete',
    ...common,
    signature: outcome.success ? outcome.signature : '',
  }),
  remarks: () => [],
  requestDetails: ({ target: { address, digest } }) => ({ address, digest }),
};

/** The part of a signer's parameters that is not in the state. */
export interface Release {
  readonly signature: string;
  readonly encryptedShard: string;
  readonly recordId: string;
  readonly challenge: string;
}

/** Tells a signer that every signer has accepted, and lets its chip release the opener. */
export function paramsOf(state: SignState, party: Party, release: Release): SignParams {
  return {
    type: 'sign_params',
    session_key: state.sessionKey,
    data: toBase64(fromHex(state.target.digest)),
    address: state.target.address,
    signature: release.signature,
    parties: signersOf(state).join(','),
    part_index: party.index,
    filename: filenameOf(state, party),
    encrypted_shard: release.encryptedShard,
    record_id: release.recordId,
    peers: peersOf(state),
    chip_challenge: release.challenge,
  };
}
