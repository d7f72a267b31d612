/** Authorises one chip for one record, one session, one digest and one challenge: signed and audited. */
import { fromBase64, fromHex, parseAddress } from '@quorate/intent';
import type { Run } from '../session/run.ts';
import type { Party, SessionState } from '../session/types.ts';
import type { DigestState } from './target.ts';

/** An act that a chip may do once. */
export interface Authorisation {
  readonly operation: 'read' | 'delete';
  /** Lower-case hex of 32 bytes. */
  readonly recordId: string;
  /** Base64 of 16 bytes: the chip's own challenge. */
  readonly challenge: string;
}

/** Authorises a party's chip; returns the signature in base64. */
export async function release(
  run: Run,
  state: DigestState,
  party: Party,
  { operation, recordId, challenge }: Authorisation,
): Promise<string> {
  const { target } = state;
  const answer = state.answers.get(party.index);
  if (answer === undefined) throw new Error('a release without a certificate');
  await run.audit(operation === 'read' ? 'chip.release' : 'chip.delete', {
    participant: party.username,
    se_id: party.seId,
    record_id: recordId,
    digest: target.digest,
  });
  return run.context.chips.authorise({
    operation,
    chipPublicKey: fromHex(party.chipPublicKey),
    recordId: fromHex(recordId),
    address: parseAddress(target.address),
    sessionHash: fromHex(answer.sessionHash),
    digest: fromHex(target.digest),
    challenge: fromBase64(challenge),
  });
}

/** The latest challenge that a party's chip gave. */
export function challengeOf({ answers }: SessionState, { index }: Party): string {
  const challenge = answers.get(index)?.challenge;
  if (challenge === undefined) throw new Error('a release without a challenge');
  return challenge;
}
