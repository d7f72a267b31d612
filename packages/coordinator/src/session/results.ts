/** What is checked of a participant's result before it counts. */
import type { Abort, KeygenResult, KeygenSuccess, SignResult } from '@quorate/wire';
import {
  addressOf,
  formatAddress,
  fromHex,
  IntentError,
  parseAddress,
  parseSignature,
  recordId,
  toHex,
  verifySignature,
} from '@quorate/intent';
import { judge } from './blame.ts';
import { sessionIdOf } from './certificate.ts';
import { type Decision, refused, repeated, wrongState } from './decision.ts';
import { refuse } from './refusal.ts';
import type {
  FailureCode,
  KeygenOutput,
  Party,
  Result,
  SessionState,
  StoredRecord,
} from './types.ts';

/** Decides about the result of a key generation. */
export function decideKeygenResult(
  state: SessionState,
  party: Party,
  message: KeygenResult,
  at: number,
): Decision {
  const from = party.index;
  const record = storedRecord(state, party, message);
  const finished = (result: Result): Decision => ({
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
    const result: Result = {
      success: false,
      message: message.message,
      ...abortOf(state, message),
      ...kept,
    };
    return settle(state, party, result) ?? finished(result);
  }
  const output = keygenOutput(message);
  const shard = message.encrypted_shard;
  const result: Result | undefined =
    output === undefined || record === undefined
      ? undefined
      : { success: true, kind: 'keygen', ...output, ...record, shard };
  const settled = settle(state, party, result);
  if (settled !== undefined) return settled;
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

/** Decides about the result of a signature. */
export function decideSignResult(
  state: SessionState,
  party: Party,
  message: SignResult,
  at: number,
): Decision {
  const from = party.index;
  const result: Result = message.success
    ? { success: true, kind: 'sign', signature: message.signature.toLowerCase() }
    : { success: false, message: message.message, ...abortOf(state, message) };
  const settled = settleSignature(state, party, result);
  if (settled !== undefined) return settled;
  if (result.success && state.phase === 'inviting') return wrongState(state, message.type);
  if (result.success && result.kind === 'sign' && !isSignatureOf(state, result.signature)) {
    const details = 'the signature does not verify for this address and digest';
    // After a failure a false signature is nothing that anybody has to know.
    if (state.phase === 'failed') return refused(refuse('invalid_result', details));
    return { kind: 'event', event: { type: 'refuted', at, from, code: 'invalid_result', details } };
  }
  return { kind: 'event', event: { type: 'finished', at, from, result } };
}

/** After the end a result is noted, once: a signature always, a failure beside a signature. */
function settleSignature(state: SessionState, party: Party, result: Result): Decision | undefined {
  const given = state.results.has(party.index);
  if (given || state.rules === undefined) return settle(state, party, result);
  return state.phase === 'failed' && !result.success ? repeated : undefined;
}

/** A result that was already given, or that comes after the end, decides nothing any more. */
function settle(
  state: SessionState,
  party: Party,
  result: Result | undefined,
): Decision | undefined {
  const given = state.results.get(party.index);
  if (given !== undefined) {
    if (JSON.stringify(given) === JSON.stringify(result)) return repeated;
    return refused(refuse('conflicting_message', 'you have given another result'));
  }
  if (state.phase !== 'completed' && state.phase !== 'failed') return undefined;
  // Everybody was told that the session is over; a failure reported after that is no news.
  return result?.success === false && result.record === undefined
    ? repeated
    : wrongState(state, `${state.kind}_result`);
}

/** The signature verifies; one equal to a verified one does too. */
function isSignatureOf(state: SessionState, signature: string): boolean {
  const { target } = state;
  if (target === undefined) return false;
  for (const known of state.results.values()) {
    if (known.success && known.kind === 'sign' && known.signature === signature) return true;
  }
  return tolerant(() =>
    verifySignature(fromHex(target.digest), parseSignature(signature), target.address),
  );
}

/** The key that a result reports, when its address is the one that its public key gives (1.9.8). */
function keygenOutput(message: KeygenSuccess): KeygenOutput | undefined {
  const text = message.public_key;
  const matches = tolerant(
    () => addressOf(fromHex(text)) === formatAddress(parseAddress(message.address)),
  );
  return matches ? { publicKey: text.toLowerCase() } : undefined;
}

/** The record that the result says its chip holds, if that is the one record this session can make. */
function storedRecord(
  state: SessionState,
  party: Party,
  message: KeygenResult,
): StoredRecord | undefined {
  const sid = sessionIdOf(state);
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

function abortOf(
  state: SessionState,
  message: { readonly abort?: Abort | undefined },
): { abort?: Abort; proven?: readonly number[] } {
  if (message.abort === undefined) return {};
  const { abort, proven } = judge(state, message.abort);
  return proven.length === 0 ? { abort } : { abort, proven };
}

function tolerant(check: () => boolean): boolean {
  try {
    return check();
  } catch (error) {
    if (error instanceof IntentError) return false;
    throw error;
  }
}
