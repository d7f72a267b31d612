/**
 * Deletes the record that a failed key generation left on the chip, once the coordinator authorises it
 * (docs/spec/wire.md §9). A key that is in use is never deleted this way, whatever the coordinator says.
 */
import { type Berth, messageOf } from '@quorate/holder';
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
  readonly notice: OrphanNotice;
  readonly record: Orphan;
  /** Of the certificate. */
  readonly payload: Uint8Array;
  readonly reasonHash: Uint8Array;
  readonly challenge: string;
  readonly place: Place;
}

/** The berth of one notice. */
interface Place {
  readonly berth: Berth;
  /** Gives it back. */
  readonly turn: AbortController;
}

/** Deletions can wait: they come after every session that was asked for in this time, milliseconds. */
const PATIENCE_MS = 5 * 60_000;

/** Deletes orphaned records of one agent. */
export class Orphans {
  readonly #context: OuterContext;
  readonly #pending = new Map<string, Pending>();
  /** Each gives back the berth of the newest notice of its session, until that is authorised. */
  readonly #turns = new Map<string, AbortController>();

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
    const place = await this.#takeBerth(session_key);
    try {
      if (place !== undefined) await this.#ask(notice, record, place);
    } catch (error) {
      if (place !== undefined) this.#giveBack(session_key, place);
      throw error;
    }
  }

  async #ask(notice: OrphanNotice, record: Orphan, place: Place): Promise<void> {
    const { chip, now, send } = this.#context;
    const { session_key } = notice;
    const { part_index } = record;
    const reason = reasonHash(notice.reason);
    const keys = unusedKeys();
    const payload = certificatePayload('destroy', session_key, part_index, keys, reason, now());
    const der = await chip.signSession(payload);
    // A later notice has given the berth back, and asks by itself.
    if (place.turn.signal.aborted) return;
    const challenge = Buffer.from(await place.berth.challenge()).toString('base64');
    this.#pending.set(session_key, {
      notice,
      record,
      payload,
      challenge,
      reasonHash: reason,
      place,
    });
    send({
      type: 'orphan_response',
      session_key,
      part_index,
      cpic: chip.cpic,
      session_certificate: Buffer.concat([payload, der]).toString('base64'),
      chip_challenge: challenge,
    });
  }

  /** Waits for a berth, and gives that of an earlier notice back; undefined when a later notice takes this one's place. */
  async #takeBerth(sessionKey: string): Promise<Place | undefined> {
    const { chip, now } = this.#context;
    this.#turns.get(sessionKey)?.abort();
    const turn = new AbortController();
    this.#turns.set(sessionKey, turn);
    const due = now() + PATIENCE_MS;
    const berth = await chip.berths.take({ due, name: sessionKey }, turn.signal);
    return berth && { berth, turn };
  }

  #giveBack(sessionKey: string, { berth, turn }: Place): void {
    berth.leave();
    if (this.#turns.get(sessionKey) === turn) this.#turns.delete(sessionKey);
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
    const { session_key } = message;
    const pending = this.#pending.get(session_key);
    if (!pending || message.chip_challenge !== pending.challenge) return;
    this.#pending.delete(session_key);
    // The challenge is gone, so the chip is asked for another one.
    if (!pending.place.berth.keep()) return this.receiveNotice(pending.notice);
    try {
      await this.#delete(pending, message);
    } finally {
      this.#giveBack(session_key, pending.place);
    }
  }

  async #delete(pending: Pending, message: OrphanAuthorisation): Promise<void> {
    const context = this.#context;
    const { session_key } = message;
    const { record, payload, place } = pending;
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
      await context.chip.deleteIfPresent(
        {
          recordId: fromHex(record.record_id),
          address: parseAddress(record.address),
          sessionHash: sessionHash(context.chip.publicKey, payload),
          reasonHash: pending.reasonHash,
          challenge: fromBase64(pending.challenge, 16),
          signature: fromBase64(message.signature),
        },
        payload,
      );
      place.berth.spent();
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
