/**
 * Destroying this participant's shard of a key (docs/spec/destroy.md). Consent, the point of no return and the
 * receipt are each on disk before anything follows from them, so that a destruction goes on where it stopped.
 */
import { randomBytes } from 'node:crypto';
import { chipFingerprint, fromHex, shortFingerprint } from '@quorate/intent';
import type {
  ChipAuthorisation,
  DestroyComplete,
  DestroyInvite,
  DestroyParams,
} from '@quorate/wire';
import { messageOf } from '../../errors.ts';
import type { Holder, KeyDestruction, KeyRecord } from '../../records/keyRecords.ts';
import { certificatePayload } from '../certificates.ts';
import { askInTime } from '../consent.ts';
import type { CeremonyContext } from '../context.ts';
import { type Consented, DeletionDesk } from './deletion.ts';
import {
  checkDestroyInvite,
  checkDestroyParams,
  type DestroyAgreement,
  destroyIntent,
} from './checks.ts';
import { Refusal, refuseUnless, tellable } from '../refusal.ts';
import { tellableReason } from '../told.ts';

/** The destructions of one agent. */
export class DestroyDesk {
  readonly #context: CeremonyContext;
  /** Invitations that a person is being asked about. */
  readonly #asked = new Map<string, AbortController>();
  readonly #deletions: DeletionDesk;

  constructor(context: CeremonyContext) {
    this.#context = context;
    this.#deletions = new DeletionDesk(context);
  }

  /** Says again what the coordinator may not have heard before this process started. */
  resume(): void {
    for (const key of this.#context.state.keys.list()) {
      const { destruction } = key;
      if (destruction === undefined || destruction.settled) continue;
      if (destruction.receipt !== null) this.#deletions.sendReceipt(key, destruction);
      else if (key.state !== 'destroying') this.#sendConsent(key, destruction);
    }
  }

  /** Asks for consent, and gives it with a certificate. */
  async receiveInvite(invite: DestroyInvite): Promise<void> {
    const { session_key } = invite;
    if (this.#asked.has(session_key) || this.#deletions.find(session_key) !== undefined) return;
    const life = new AbortController();
    this.#asked.set(session_key, life);
    try {
      const agreement = checkDestroyInvite(this.#context, invite);
      await this.#ask(invite, agreement, life.signal);
      await this.#consent(invite, agreement, life.signal);
    } catch (error) {
      if (!life.signal.aborted) this.#decline(invite, tellableReason(error));
    } finally {
      this.#asked.delete(session_key);
    }
  }

  /** The point of no return, if everybody has consented; and every further attempt. */
  async receiveParams(params: DestroyParams): Promise<void> {
    const { session_key, chip_challenge: challenge, signature } = params;
    const key = this.#deletions.find(session_key);
    if (key === undefined) {
      return this.#context.logger.warn({ session_key }, 'ignored: no consent to this destruction');
    }
    try {
      // Not beside a release: what it finds out about the key must not overwrite what follows.
      await this.#context.exclusive(key.address, async () => {
        const current = this.#deletions.find(session_key);
        if (current?.state === 'active' || current?.state === 'rolled_back') {
          this.#begin(current, params);
        }
      });
    } catch (error) {
      this.#context.logger.error({ session_key, error: messageOf(error) }, 'destruction refused');
      return this.#deletions.fail(key, tellableReason(error));
    }
    await this.#deletions.start(session_key, { challenge, signature });
  }

  /** A fresh authorisation for a challenge that was renewed; false when none is awaited. */
  receiveAuthorisation(message: ChipAuthorisation): Promise<boolean> {
    return this.#deletions.receiveAuthorisation(message);
  }

  /** Everybody has answered. */
  receiveComplete(complete: DestroyComplete): void {
    const key = this.#deletions.find(complete.session_key);
    if (!complete.success || key === undefined || key.destruction.receipt === null) return;
    const destruction = { ...key.destruction, settled: true };
    this.#context.state.keys.update(key.address, (record) => ({ ...record, destruction }));
  }

  /** The coordinator says that nothing is destroyed: a consent is taken back. True when the session is ours. */
  endedByCoordinator(sessionKey: string): boolean {
    const asked = this.#asked.get(sessionKey);
    asked?.abort('the coordinator ended the session');
    const key = this.#deletions.find(sessionKey);
    if (key === undefined) return asked !== undefined;
    if (key.state === 'active' || key.state === 'rolled_back') {
      this.#context.state.keys.update(key.address, (record) => ({
        ...record,
        destruction: undefined,
      }));
    }
    return true;
  }

  /** Stops asking: the agent is going down. */
  stop(): void {
    for (const life of this.#asked.values()) life.abort('the agent stopped');
  }

  async #ask(
    invite: DestroyInvite,
    { key, parties, absent }: DestroyAgreement,
    signal: AbortSignal,
  ): Promise<void> {
    const context = this.#context;
    const approval = await askInTime(
      context,
      {
        kind: 'destroy',
        sessionKey: invite.session_key,
        coordinator: invite.coordinator,
        address: key.address,
        reason: invite.reason,
        threshold: key.threshold,
        totalParts: key.total_parts,
        partIndex: key.part_index,
        participants: parties.map(shown),
        absent: absent.map(shown),
      },
      invite.expires_at,
      signal,
    );
    refuseUnless(!signal.aborted, 'aborted', 'the session ended');
    refuseUnless(approval !== undefined, 'expired', 'the invitation expired');
    if (!approval.accept) throw new Declined(approval.reason);
  }

  /** The consent is on disk before the coordinator has it: it is never given twice, and never forgotten. */
  async #consent(
    invite: DestroyInvite,
    agreed: DestroyAgreement,
    signal: AbortSignal,
  ): Promise<void> {
    const context = this.#context;
    const { session_key, reason } = invite;
    const { address } = agreed.key;
    refuseUnless(
      context.state.used.add(session_key, invite.part_index),
      'session_key_used',
      'this session key was answered before',
    );
    const { holders } = agreed.key;
    const parties = agreed.parties.map(({ part_index }) => part_index);
    const consented_at = context.now();
    const payload = certificatePayload(
      'destroy',
      session_key,
      invite.part_index,
      { nonce: randomBytes(32), x25519: randomBytes(32), ed25519: randomBytes(32) },
      destroyIntent(agreed.key, { session_key, reason, parties, holders }),
      consented_at,
    );
    const der = await context.chip.signSession(payload);
    const challenge = Buffer.from(await context.chip.challenge()).toString('base64');
    refuseUnless(!signal.aborted, 'aborted', 'the session ended');
    const destruction = {
      session_key,
      reason,
      parties,
      holders,
      certificate: Buffer.concat([payload, der]).toString('base64'),
      challenge,
      consented_at,
      receipt: null,
      settled: false,
    };
    const key = context.state.keys.update(address, (record) => {
      const live = record.state === 'active' || record.state === 'rolled_back';
      refuseUnless(live, 'wrong_state', `the key is ${record.state} here`);
      return { ...record, destruction };
    });
    this.#sendConsent(key, destruction);
  }

  /** Everybody's chip has signed: from here on the key signs nothing, and only the deletion can follow. */
  #begin(key: Consented, params: DestroyParams): void {
    checkDestroyParams(key, key.destruction, params);
    this.#context.state.keys.update(key.address, (record) => ({ ...record, state: 'destroying' }));
    this.#context.stopKey(key.address, 'key_destroying: everybody consented to its destruction');
  }

  #sendConsent(key: KeyRecord, { session_key, certificate, challenge }: KeyDestruction): void {
    this.#context.send({
      type: 'destroy_response',
      session_key,
      part_index: key.part_index,
      cpic: this.#context.chip.cpic,
      accept: true,
      reason: '',
      session_certificate: certificate,
      chip_challenge: challenge,
    });
  }

  #decline({ session_key, part_index }: DestroyInvite, reason: string): void {
    this.#context.logger.warn({ session_key, detail: tellable(reason) }, 'destruction declined');
    this.#context.send({
      type: 'destroy_response',
      session_key,
      part_index,
      cpic: this.#context.chip.cpic,
      accept: false,
      reason: tellable(reason),
    });
  }
}

/** A person or a policy said no, in its own words. */
class Declined extends Refusal {
  override get told(): string {
    return tellable(this.message);
  }

  constructor(reason: string) {
    super('declined', reason);
  }
}

const shown = (holder: Holder): { username: string; partIndex: number; fingerprint: string } => ({
  username: holder.username,
  partIndex: holder.part_index,
  fingerprint: shortFingerprint(chipFingerprint(fromHex(holder.chip_public_key))),
});
