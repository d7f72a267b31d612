/** Checks a holder's report that its record is gone. Pure. */
import { type DeletedRecord, fromHex, parseAddress, verifyReceipt } from '@quorate/intent';
import type { DestroyResult } from '@quorate/wire';
import { type Decision, refused, repeated, wrongState } from '../../session/decision.ts';
import { owesReceipt } from './reduce.ts';
import { refuse } from '../../session/refusal.ts';
import type { DestroyParty, DestroyState } from './state.ts';

/** Judges the result of a holder: only its chip's receipt counts as a destroyed shard. */
export function judge(
  state: DestroyState,
  party: DestroyParty,
  message: DestroyResult,
  at: number,
): Decision {
  const from = party.index;
  const given = state.results.get(from);
  if (given !== undefined) {
    const same = message.success && given.success && given.receipt === message.receipt;
    return same
      ? repeated
      : refused(refuse('conflicting_message', 'your receipt was already received'));
  }
  if (!message.success && state.phase === 'inviting') {
    const result = { success: false, message: message.message } as const;
    return { kind: 'event', event: { type: 'finished', at, from, result } };
  }
  if (!owesReceipt(state, from)) return wrongState(state, message.type);
  if (!message.success) {
    if (state.delays.get(from) === message.message) return repeated;
    return { kind: 'event', event: { type: 'delayed', at, from, message: message.message } };
  }
  const record = recordOf(state, party);
  const { receipt } = message;
  if (record === undefined || !verifyReceipt(receipt, record, fromHex(party.chipPublicKey))) {
    return refused(
      refuse('invalid_receipt', `expected the signature of the chip ${party.seId} over its record`),
    );
  }
  const result = { success: true, kind: 'destroy', receipt } as const;
  return { kind: 'event', event: { type: 'finished', at, from, result } };
}

/** The record that a party's chip has to delete; undefined before the party consents. */
function recordOf(state: DestroyState, party: DestroyParty): DeletedRecord | undefined {
  const { target } = state;
  const answer = state.answers.get(party.index);
  if (answer === undefined) return undefined;
  return {
    sessionKey: state.sessionKey,
    partIndex: party.index,
    sessionHash: fromHex(answer.sessionHash),
    keyId: fromHex(target.keyId),
    epoch: target.epoch,
    recordId: fromHex(party.recordId),
    address: parseAddress(target.address),
    reasonHash: fromHex(target.digest),
  };
}
