/** The key that a completed key generation has made. */
import { toHex } from '@quorate/intent';
import type { NewKey, NewShard } from '../keys/index.ts';
import { sessionIdOf } from './certificate.ts';
import type { Party, SessionState } from './types.ts';

/** The key and shards of a session that has ended well. */
export function newKeyOf(state: SessionState): NewKey {
  const { outcome } = state;
  const keyId = sessionIdOf(state);
  if (outcome?.success !== true || outcome.publicKey === undefined || keyId === undefined) {
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

function newShardOf({ results }: SessionState, party: Party): NewShard {
  const result = results.get(party.index);
  if (result?.success !== true || result.kind !== 'keygen') {
    throw new Error('a key without one of its shards');
  }
  const { index, username, seId, cpic, chipPublicKey } = party;
  const { recordId, shard: ciphertext } = result;
  return { index, username, seId, cpic, chipPublicKey, recordId, ciphertext };
}
