/**
 * Deleting this participant's record of a key, as often as it takes, and proving that it is gone
 * (docs/spec/destroy.md §4).
 */
import { randomBytes } from 'node:crypto';
import { encodeReceiptPayload, fromBase64 } from '@quorate/intent';
import { SecureElementError } from '@quorate/secure-element';
import type { ChipAuthorisation } from '@quorate/wire';
import { messageOf } from '../../errors.ts';
import type { KeyDestruction, KeyRecord } from '../../records/keyRecords.ts';
import type { CeremonyContext } from '../context.ts';
import { deletedRecord, payloadOf } from './checks.ts';
import { refuseUnless } from '../refusal.ts';
import { tellableReason } from '../told.ts';

/** Authorisations that one attempt may ask for anew: the chip was reset, or the wait was long. */
const MAX_RENEWALS = 3;

/** What the coordinator authorised. */
interface Authorisation {
  readonly challenge: string;
  readonly signature: string;
}

/** A key whose destruction this participant has consented to. */
export type Consented = KeyRecord & { readonly destruction: KeyDestruction };

/** Deletes the records of one agent. */
export class DeletionDesk {
  readonly #context: CeremonyContext;
  /** Renewals that an attempt has asked for, by session. */
  readonly #renewals = new Map<string, number>();
  /** The challenge that an authorisation is awaited for, by session. */
  readonly #awaited = new Map<string, string>();

  constructor(context: CeremonyContext) {
    this.#context = context;
  }

  /** The key that is destroyed in this session. */
  find(sessionKey: string): Consented | undefined {
    for (const key of this.#context.state.keys.list()) {
      const { destruction } = key;
      if (destruction?.session_key === sessionKey) return { ...key, destruction };
    }
    return undefined;
  }

  /** Begins an attempt with the authorisation of the parameters. */
  async start(sessionKey: string, authorisation: Authorisation): Promise<void> {
    this.#renewals.delete(sessionKey);
    await this.#attempt(sessionKey, authorisation);
  }

  /** Goes on with a fresh authorisation; false when none is awaited for this challenge. */
  async receiveAuthorisation(message: ChipAuthorisation): Promise<boolean> {
    const { session_key, chip_challenge: challenge, signature } = message;
    if (this.#awaited.get(session_key) !== challenge) return false;
    this.#awaited.delete(session_key);
    await this.#attempt(session_key, { challenge, signature });
    return true;
  }

  /** One attempt at a time for each key, never beside a release of it. */
  async #attempt(sessionKey: string, authorisation: Authorisation): Promise<void> {
    const found = this.find(sessionKey);
    if (found === undefined) return;
    await this.#context.exclusive(found.address, async () => {
      const key = this.find(sessionKey);
      if (key !== undefined && key.destruction.receipt !== null)
        return this.sendReceipt(key, key.destruction);
      if (key?.state !== 'destroying') return;
      try {
        await this.#delete(key, authorisation);
        await this.#prove(key);
      } catch (error) {
        if (isRenewable(error) && (await this.#renew(key))) return;
        this.#context.logger.warn(
          { session_key: sessionKey, error: messageOf(error) },
          'the shard is not destroyed yet',
        );
        this.fail(key, refusalOf(error));
      }
    });
  }

  async #delete(key: Consented, { challenge, signature }: Authorisation): Promise<void> {
    const { chip } = this.#context;
    const record = deletedRecord(key, key.destruction, chip.publicKey);
    const { recordId, address, sessionHash, reasonHash } = record;
    try {
      await chip.delete({
        recordId,
        address,
        sessionHash,
        reasonHash,
        challenge: fromBase64(challenge, 16),
        signature: fromBase64(signature),
      });
    } catch (error) {
      // Deleted by an attempt whose answer was lost; the proof that follows tells.
      if (!hasCode(error, 'record-not-found')) throw error;
    }
  }

  /** The chip says that it has no such record, and signs that it was asked. The receipt is kept before it is sent. */
  async #prove(key: Consented): Promise<void> {
    const { chip, state, now, logger } = this.#context;
    const record = deletedRecord(key, key.destruction, chip.publicKey);
    refuseUnless(await chip.isGone(record), 'chip_refused', 'the chip still has the record');
    const payload = encodeReceiptPayload(record, { nonce: randomBytes(32), at: now() });
    const der = await chip.signSession(payload);
    const receipt = Buffer.concat([payload, der]).toString('base64');
    const destruction = { ...key.destruction, receipt };
    state.keys.update(key.address, (current) => ({ ...current, state: 'destroyed', destruction }));
    logger.warn({ address: key.address, session_key: record.sessionKey }, 'shard destroyed');
    this.sendReceipt(key, destruction);
  }

  /** The chip forgot session and challenge: the same payload is shown to it again. */
  async #renew(key: Consented): Promise<boolean> {
    const { session_key } = key.destruction;
    const renewals = (this.#renewals.get(session_key) ?? 0) + 1;
    if (renewals > MAX_RENEWALS) return false;
    this.#renewals.set(session_key, renewals);
    const { chip, send } = this.#context;
    try {
      await chip.signSession(payloadOf(key.destruction));
      const chip_challenge = Buffer.from(await chip.challenge()).toString('base64');
      this.#awaited.set(session_key, chip_challenge);
      send({ type: 'chip_challenge', session_key, part_index: key.part_index, chip_challenge });
      return true;
    } catch (error) {
      this.#context.logger.warn({ session_key, error: messageOf(error) }, 'the chip was not ready');
      return false;
    }
  }

  /** Sends the proof, again if need be. */
  sendReceipt(key: KeyRecord, { session_key, receipt }: KeyDestruction): void {
    if (receipt === null) return;
    const { part_index } = key;
    const result = { type: 'destroy_result', session_key, part_index, success: true } as const;
    this.#context.send({ ...result, receipt, message: '' });
  }

  /** Says why the record is not gone; the coordinator goes on waiting. */
  fail(key: Consented, message: string): void {
    const { session_key } = key.destruction;
    const { part_index } = key;
    this.#context.send({
      type: 'destroy_result',
      session_key,
      part_index,
      success: false,
      message,
    });
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof SecureElementError && error.code === code;
}

function isRenewable(error: unknown): boolean {
  return hasCode(error, 'challenge-unknown') || hasCode(error, 'session-unknown');
}

function refusalOf(error: unknown): string {
  if (error instanceof SecureElementError) {
    return `chip_refused: the chip did not delete the record (${error.code})`;
  }
  return tellableReason(error);
}
