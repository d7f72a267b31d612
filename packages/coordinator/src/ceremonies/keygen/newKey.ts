/** The new key of a key generation, and its shards one by one, as the store takes them. */
import { toHex } from '@quorate/intent';
import type { NewKey, NewShard } from '../../keys/index.ts';
import { sessionIdOf } from '../../session/certificate.ts';
import type { KeygenState } from './state.ts';

/** The key of a successful session. */
export function newKeyOf(state: KeygenState): NewKey {
  const { outcome } = state;
  if (outcome?.success !== true) throw new Error('a key without an outcome');
  return {
    keyId: keyIdOf(state),
    algorithm: 'ecdsa-secp256k1',
    address: outcome.address,
    publicKey: outcome.publicKey,
    sessionKey: state.sessionKey,
    creator: state.coordinator,
    threshold: state.threshold,
    totalParts: state.totalParts,
    at: state.updatedAt,
  };
}

/** The shard that a party reports, with its ciphertext. */
export function newShardOf(state: KeygenState, from: number, ciphertext: string): NewShard {
  const party = state.parties.find(({ index }) => index === from);
  const result = state.results.get(from);
  if (party === undefined || result?.success !== true) throw new Error('a shard without a result');
  return {
    key_id: keyIdOf(state),
    epoch: 0,
    part_index: from,
    username: party.username,
    se_id: party.seId,
    cpic: party.cpic,
    chip_public_key: party.chipPublicKey,
    record_id: result.recordId,
    ciphertext,
  };
}

function keyIdOf(state: KeygenState): string {
  const sid = sessionIdOf(state, null);
  if (sid === undefined) throw new Error('a key without all certificates');
  return toHex(sid);
}
