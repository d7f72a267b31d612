/**
 * Deletes the record that a failed key generation left on the chip, once the coordinator authorises it
 * (docs/spec/wire.md §9). A key that is in use is never deleted this way, whatever the coordinator says.
 */
import { messageOf } from '@quorate/holder';
import { createHash } from 'node:crypto';
import { equalBytes, fromBase64, fromHex, parseAddress, sessionHash } from '@quorate/intent';
import type { OrphanAuthorisation, OrphanNotice } from '@quorate/wire';
import type { KeyRecord } from '../../records/keyRecord.ts';
import { certificatePayload, unusedKeys } from '../certificates.ts';
import type { OuterContext } from '../context.ts';
import { orphanKey } from './keyFate.ts';

/** The record to delete; for a key that this agent knows nothing of, the one of the notice. */
type Orphan = Pick<KeyRecord, 'record_id' | 'address' | 'part_index'>;

interface Pending {
  readonly record: Orphan;
  readonly sessionHash: Uint8Array;
  readonly reasonHash: Uint8Array;
  readonly challenge: string;
}

/** Deletes orphaned records of one agent. */
export class Orphans {
  readonly #context: OuterContext;
  readonly #pending = new Map<string, Pending>();

  constructor(context: OuterContext) {
    this.#context = context;
  }

  /** Asks for the authorisation, for a record that is an orphan by this agent's own knowledge. */
  async receiveNotice(notice: OrphanNotice): Promise<void> {
    const context = this.#context;
    const { session_key } = notice;
    orphanKey(context, session_key);
    const record = this.#orphanOf(notice);
    if (record === undefined) {
      const message = 'the key is in use';
      context.logger.warn({ session_key, message }, 'orphan notice refused');
      return this.#answer(session_key, notice.part_index, false, message);
    }
    const reason = reasonHash(notice.reason);
    const payload = certificatePayload(
      'destroy',
      session_key,
      record.part_index,
      unusedKeys(),
      reason,
      context.now(),
    );
    const der = await context.chip.signSession(payload);
    const challenge = Buffer.from(await context.chip.challenge()).toString('base64');
    this.#pending.set(session_key, {
      record,
      challenge,
      reasonHash: reason,
      sessionHash: sessionHash(context.chip.publicKey, payload),
    });
    context.send({
      type: 'orphan_response',
      session_key,
      part_index: record.part_index,
      cpic: context.chip.cpic,
      session_certificate: Buffer.concat([payload, der]).toString('base64'),
      chip_challenge: challenge,
    });
  }

  /**
   * Finds the orphan of a notice: by our own record, or, when nothing here is of that session, record or address
   * (somebody restored an older directory), by the notice. Then the chip decides: it deletes it, or has none.
   */
  #orphanOf(notice: OrphanNotice): Orphan | undefined {
    const { keys } = this.#context.state;
    const record = keys.findBySession(notice.session_key);
    if (record !== undefined) {
      const same = record.state === 'orphaned' && record.record_id === notice.record_id;
      return same ? record : undefined;
    }
    const { record_id, address, part_index } = notice;
    const used = keys.list().some((key) => key.record_id === record_id);
    return used || keys.findByAddress(address) !== undefined
      ? undefined
      : { record_id, address, part_index };
  }

  /** Deletes the record on the chip, then the key's own. */
  async receiveAuthorisation(message: OrphanAuthorisation): Promise<void> {
    const context = this.#context;
    const { session_key } = message;
    const pending = this.#pending.get(session_key);
    if (!pending || message.chip_challenge !== pending.challenge) return;
    this.#pending.delete(session_key);
    const { record } = pending;
    const current = context.state.keys.findByAddress(record.address);
    if (current !== undefined && current.state !== 'orphaned') {
      return this.#answer(session_key, record.part_index, false, 'the key is in use');
    }
    if (!equalBytes(fromHex(message.reason_hash, 32), pending.reasonHash)) {
      context.logger.warn(
        { session_key },
        'refused an authorisation for another reason than the certified one',
      );
      return this.#answer(session_key, record.part_index, false, 'another reason');
    }
    try {
      // The key record was on disk before the chip was asked to store: perhaps the chip never did.
      await context.chip.deleteIfPresent({
        recordId: fromHex(record.record_id),
        address: parseAddress(record.address),
        sessionHash: pending.sessionHash,
        reasonHash: pending.reasonHash,
        challenge: fromBase64(pending.challenge, 16),
        signature: fromBase64(message.signature),
      });
    } catch (error) {
      context.logger.warn({ session_key, error: messageOf(error) }, 'orphan not deleted');
      return this.#answer(session_key, record.part_index, false, 'the chip refused');
    }
    if (current !== undefined) context.state.keys.remove(current.key_id);
    this.#answer(session_key, record.part_index, true, '');
  }

  #answer(sessionKey: string, partIndex: number, success: boolean, message: string): void {
    this.#context.send({
      type: 'orphan_result',
      session_key: sessionKey,
      part_index: partIndex,
      success,
      message,
    });
  }
}

/** The reason as the chip is told it. */
function reasonHash(reason: string): Uint8Array {
  return createHash('sha256').update(reason).digest();
}
