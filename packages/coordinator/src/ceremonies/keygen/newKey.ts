/** The key that a completed key generation has made. */
import { toHex } from '@quorate/intent';
import type { NewKey, NewShard } from '../../keys/index.ts';
import { sessionIdOf } from '../../session/certificate.ts';
import type { Party } from '../../session/types.ts';
import type { KeygenState } from './state.ts';

/** The key and shards of a session that has ended well. */
export function newKeyOf(state: KeygenState): NewKey {
  const { outcome } = state;
  const keyId = sessionIdOf(state, null);
  if (outcome?.success !== true || keyId === undefined) {
    throw new Error('a key without an outcome');
  }
  return {
    keyId: toHex(keyId),
    address: outcome.address,
    publicKey: outcome.publicKey,
    sessionKey: state.sessionKey,
    creator: state.coordinator,
    threshold: state.threshold,
    totalParts: state.totalParts,
    at: state.updatedAt,
    shards: state.parties.map((party) => newShardOf(state, party)),
  };
}

function newShardOf({ results }: KeygenState, party: Party): NewShard {
  const result = results.get(party.index);
  if (result?.success !== true) {
    throw new Error('a key without one of its shards');
  }
  const { index, username, seId, cpic, chipPublicKey } = party;
  const { recordId, shard: ciphertext } = result;
  return { index, username, seId, cpic, chipPublicKey, recordId, ciphertext };
}
