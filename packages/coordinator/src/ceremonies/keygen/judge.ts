/** Checks a participant's report that its chip holds a share of the new key. Pure. */
import type { KeygenResult, KeygenSuccess } from '@quorate/wire';
import {
  addressOf,
  formatAddress,
  fromHex,
  IntentError,
  parseAddress,
  recordId,
  toHex,
} from '@quorate/intent';
import { ciphertextHash } from '../../keys/index.ts';
import { sessionIdOf } from '../../session/certificate.ts';
import type { ResultIn } from '../../session/ceremony.ts';
import { type Decision, wrongState } from '../../session/decision.ts';
import { reportedFailure, settled, tolerant } from '../../session/results.ts';
import type { FailureCode, Party, StoredRecord } from '../../session/types.ts';
import type { KeygenState } from './state.ts';

/** Judges the result of a key generation. */
export function judge(
  state: KeygenState,
  party: Party,
  message: KeygenResult,
  at: number,
): Decision {
  const from = party.index;
  const record = storedRecord(state, party, message);
  const finished = (result: ResultIn<KeygenState>): Decision => ({
    kind: 'event',
    event: { type: 'finished', at, from, result },
  });
  const refuted = (code: FailureCode, details: string): Decision => ({
    kind: 'event',
    event: {
      type: 'refuted',
      at,
      from,
      code,
      details,
      ...(record === undefined ? {} : { record }),
    },
  });
  const kept = record === undefined ? {} : { record };
  if (state.phase === 'failed' && record !== undefined && !state.orphans.has(from)) {
    return finished({ success: false, message: 'stored before the failure was known', ...kept });
  }
  if (!message.success) {
    const result = { ...reportedFailure(state, sessionIdOf(state, null), message), ...kept };
    return settled(state, party, result) ?? finished(result);
  }
  const output = keygenOutput(message);
  const shardHash = ciphertextHash(message.encrypted_shard);
  const result: ResultIn<KeygenState> | undefined =
    output === undefined || record === undefined
      ? undefined
      : { success: true, kind: 'keygen', ...output, ...record, shardHash };
  const decided = settled(state, party, result);
  if (decided !== undefined) return decided;
  if (state.phase !== 'running') return wrongState(state, message.type);
  if (message.cpic.toLowerCase() !== party.cpic) {
    return refuted('chip_mismatch', `cpic is not that of the chip ${party.seId}`);
  }
  if (output === undefined) {
    return refuted('invalid_result', 'address is not the address of public_key');
  }
  if (result === undefined) {
    return refuted('invalid_result', 'record_id is not that of this key, party and epoch');
  }
  return finished(result);
}

/** The key in a result, if its public key gives its address (1.9.8). */
function keygenOutput(message: KeygenSuccess): { readonly publicKey: string } | undefined {
  const text = message.public_key;
  const matches = tolerant(
    () => addressOf(fromHex(text)) === formatAddress(parseAddress(message.address)),
  );
  return matches ? { publicKey: text.toLowerCase() } : undefined;
}

/** The record that the result says its chip holds, if it is the one record that this session can make. */
function storedRecord(
  state: KeygenState,
  party: Party,
  message: KeygenResult,
): StoredRecord | undefined {
  const sid = sessionIdOf(state, null);
  const claimed = message.record_id;
  const address = message.address;
  if (sid === undefined || claimed === undefined || address === undefined) return undefined;
  const expected = toHex(recordId(sid, party.index, 0));
  if (claimed !== expected) return undefined;
  try {
    return { address: formatAddress(parseAddress(address)), recordId: expected };
  } catch (error) {
    if (error instanceof IntentError) return undefined;
    throw error;
  }
}
