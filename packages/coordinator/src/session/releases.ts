/** What lets a chip release or delete one record, once: authorised, audited, and put into the message for its holder. */
import { fromBase64, fromHex, parseAddress } from '@quorate/intent';
import type { AuditLog } from '../audit/index.ts';
import type { Chips } from '../chips/index.ts';
import type { Tx } from '../store/database.ts';
import { type Seat, sealedShardOf } from '../keys/index.ts';
import { chipAuthorisationOf, destroyParamsOf, signParamsOf } from './messages.ts';
import type { Party, SessionState, SignTarget } from './types.ts';

/** What releases work with. */
export interface ReleaseContext {
  readonly chips: Chips;
  readonly audit: AuditLog;
}

/** The releases of one transaction. */
export class Releases {
  readonly #tx: Tx;
  readonly #context: ReleaseContext;
  readonly #at: number;

  constructor(tx: Tx, context: ReleaseContext, at: number) {
    this.#tx = tx;
    this.#context = context;
    this.#at = at;
  }

  /** What lets a holder's chip delete its record: also told anew at every register until it has. */
  async destroyParams(state: SessionState, party: Party): Promise<object> {
    const { target } = state;
    const challenge = state.answers.get(party.index)?.challenge;
    if (target === undefined || challenge === undefined || party.recordId === undefined) {
      throw new Error('a deletion without consent');
    }
    const { recordId } = party;
    const signature = await this.#release(state, party, recordId, challenge);
    return destroyParamsOf(state, target, party, { signature, recordId, challenge });
  }

  /** What lets a signer's chip release its opener. */
  async signParams(state: SessionState, party: Party): Promise<object> {
    const target = targetOf(state);
    const shard = await sealedShardOf(this.#tx, seatOf(target, party));
    const challenge = state.answers.get(party.index)?.challenge;
    if (shard === undefined || challenge === undefined) throw new Error('a signer without a shard');
    const signature = await this.#release(state, party, shard.record_id, challenge);
    return signParamsOf(state, target, party, {
      signature,
      encryptedShard: shard.ciphertext,
      recordId: shard.record_id,
      challenge,
    });
  }

  /** The authorisation for a renewed challenge. */
  async renewed(state: SessionState, to: number, challenge: string): Promise<object | undefined> {
    const { target } = state;
    const party = state.parties.find(({ index }) => index === to);
    if (target === undefined || party === undefined) return undefined;
    const shard = await sealedShardOf(this.#tx, seatOf(target, party));
    const recordId = party.recordId ?? shard?.record_id;
    if (recordId === undefined) throw new Error('a signer without a shard');
    const signature = await this.#release(state, party, recordId, challenge);
    return chipAuthorisationOf(state, challenge, signature);
  }

  /** The authorisation for one chip, one record, one session, one digest and one challenge. */
  async #release(
    state: SessionState,
    party: Party,
    recordId: string,
    challenge: string,
  ): Promise<string> {
    const target = targetOf(state);
    const answer = state.answers.get(party.index);
    if (answer === undefined) throw new Error('a release without a certificate');
    const operation = target.destruction === undefined ? 'read' : 'delete';
    await this.#context.audit.append(this.#tx, {
      at: this.#at,
      actor: 'system',
      action: operation === 'read' ? 'chip.release' : 'chip.delete',
      subject: state.sessionKey,
      outcome: 'ok',
      details: {
        kind: state.kind,
        participant: party.username,
        se_id: party.seId,
        record_id: recordId,
        digest: target.digest,
      },
    });
    return this.#context.chips.authorise({
      operation,
      chipPublicKey: fromHex(party.chipPublicKey),
      recordId: fromHex(recordId),
      address: parseAddress(target.address),
      sessionHash: fromHex(answer.sessionHash),
      digest: fromHex(target.digest),
      challenge: fromBase64(challenge),
    });
  }
}

const seatOf = ({ keyId }: SignTarget, { index }: Party): Seat => ({ keyId, partIndex: index });

function targetOf({ target }: SessionState): SignTarget {
  if (target === undefined) throw new Error('a release without a key');
  return target;
}
