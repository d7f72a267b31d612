/**
 * Key generation at one participant (docs/spec/wire.md §5).
 */
import { addressOf, chipFingerprint, fromHex, shortFingerprint, toHex } from '@quorate/intent';
import { deriveSessionId } from '@quorate/tss';
import type { Abort, KeygenComplete, KeygenInvite, KeygenParams } from '@quorate/wire';
import type { Holder } from '../../records/keyRecords.ts';
import { type SessionRecord, sessionFileName } from '../../records/sessionRecords.ts';
import type { SessionEvent } from '../../protocol/pool.ts';
import { Ceremony } from '../session.ts';
import { certifySession, hashIntent } from '../certificates.ts';
import type { CeremonyContext } from '../context.ts';
import { completeKey, failedKeygenResult, orphanKey, reportOrphan } from './keyFate.ts';
import { refuseUnless } from '../refusal.ts';

type KeyEvent = Extract<SessionEvent, { event: 'key' }>;

/** One key generation. */
export class KeygenCeremony extends Ceremony {
  readonly kind = 'keygen';
  readonly #invite: KeygenInvite;
  #holders: readonly Holder[] = [];
  #address: string | null = null;
  /** The coordinator has our result, or will: nothing is left to be sent, and nothing secret is held. */
  #answered = false;

  constructor(context: CeremonyContext, invite: KeygenInvite) {
    super(context, invite.session_key, invite.part_index);
    this.#invite = invite;
  }

  /** Acts on parameters only if they are those that were accepted (1.9.9). */
  receiveParams(params: KeygenParams): void {
    this.onParams(() => this.#start(params));
  }

  /** The coordinator says whether the key exists. */
  receiveComplete(complete: KeygenComplete): void {
    if (!complete.success) return this.endedByCoordinator(complete.message);
    completeKey(this.context, complete);
    this.settled = true;
    if (!this.isOver) this.finish(this.#address === null ? 'failed' : 'completed', null);
  }

  override endedByCoordinator(reason: string): void {
    orphanKey(this.context, this.sessionKey);
    super.endedByCoordinator(reason);
  }

  uses(): boolean {
    return false;
  }

  involves(): boolean {
    return false;
  }

  protected override onExpired(): void {
    if (!this.#answered) super.onExpired();
  }

  protected async invited(): Promise<void> {
    const { context } = this;
    const invite = this.#invite;
    this.#holders = checkInvite(context, invite);
    refuseUnless(await context.chip.hasRoom(), 'chip_full', 'our chip has no room for a record');
    const intent = hashIntent(
      {
        sessionKey: this.sessionKey,
        keyId: new Uint8Array(32),
        epoch: 0,
        threshold: invite.threshold,
        signers: this.#holders.map((holder) => holder.part_index),
        path: [],
        digest: null,
        payloadHash: null,
        address: null,
      },
      this.#holders,
    );
    const consented = await this.consented(
      {
        kind: 'keygen',
        sessionKey: this.sessionKey,
        coordinator: invite.coordinator,
        threshold: invite.threshold,
        totalParts: invite.total_parts,
        partIndex: this.partIndex,
        participants: this.#holders.map((holder) => ({
          username: holder.username,
          partIndex: holder.part_index,
          fingerprint: shortFingerprint(chipFingerprint(fromHex(holder.chip_public_key))),
        })),
        intent,
      },
      invite.expires_at,
    );
    if (!consented) return;
    const { bytes } = await this.certify(intent, null);
    if (this.isOver) return;
    context.send({
      type: 'keygen_response',
      session_key: this.sessionKey,
      part_index: this.partIndex,
      cpic: context.chip.cpic,
      accept: true,
      reason: '',
      session_certificate: Buffer.from(bytes).toString('base64'),
    });
  }

  async #start(params: KeygenParams): Promise<void> {
    const { certificate, partIndex, sessionKey } = this;
    refuseUnless(certificate !== undefined, 'not_accepted', 'parameters before our answer');
    const same =
      params.threshold === this.#invite.threshold &&
      params.total_parts === this.#invite.total_parts &&
      params.part_index === partIndex;
    refuseUnless(same, 'parameters_changed', 'other parameters than were accepted');
    const fileName = sessionFileName(sessionKey, partIndex);
    refuseUnless(params.filename === fileName, 'filename', `expected ${fileName}`);
    const { certificates, peers } = certifySession(params.peers, {
      operation: 'keygen',
      sessionKey,
      intentHash: this.intentHash,
      signers: this.#holders,
      own: { index: partIndex, certificate: certificate.bytes },
      now: this.context.now(),
    });
    const sid = deriveSessionId(null, certificates);
    this.sid = sid;
    this.certificates = certificates;
    const { threshold, total_parts: parties } = this.#invite;
    this.startProtocol((port) =>
      port.startKeygen({ sid, threshold, parties, index: partIndex, peers }),
    );
  }

  protected onResult(event: SessionEvent): void {
    if (event.event !== 'key') return;
    this.step(
      () => this.#keep(event),
      () => event.opener.fill(0),
    );
  }

  /**
   * The record is on disk before the chip has the opener, and the chip has it before anybody is told:
   * after a crash at any point either the key is complete here or its remains are known.
   */
  async #keep(event: KeyEvent): Promise<void> {
    const { context } = this;
    const { opener, address } = event;
    try {
      refuseUnless(address === addressOf(event.publicKey), 'internal_error', 'wrong address');
      context.state.keys.add({
        format: 'quorate-key/v2',
        state: 'pending',
        session_key: this.sessionKey,
        address,
        public_key: toHex(event.publicKey),
        key_id: toHex(event.keyId),
        record_id: toHex(event.recordId),
        epoch: 0,
        threshold: this.#invite.threshold,
        total_parts: this.#invite.total_parts,
        part_index: this.partIndex,
        holders: this.#holders,
        releases: { confirmed: 0, outstanding: 0 },
        bans: [],
      });
      this.#address = address;
      await context.chip.store(event.recordId, fromHex(address), opener);
    } finally {
      opener.fill(0);
    }
    if (this.isOver) return reportOrphan(context, this.sessionKey);
    context.send({
      type: 'keygen_result',
      session_key: this.sessionKey,
      part_index: this.partIndex,
      address,
      cpic: context.chip.cpic,
      encrypted_shard: Buffer.from(event.encryptedShard).toString('base64'),
      success: true,
      message: '',
      public_key: `0x${toHex(event.publicKey)}`,
      record_id: toHex(event.recordId),
    });
    this.#answered = !this.isOver;
  }

  protected sendDecline(reason: string): void {
    this.context.send({
      type: 'keygen_response',
      session_key: this.sessionKey,
      part_index: this.partIndex,
      cpic: this.context.chip.cpic,
      accept: false,
      reason,
    });
  }

  protected sendFailure(message: string, abort?: Abort): void {
    const { context, sessionKey, partIndex } = this;
    orphanKey(context, sessionKey);
    context.send(failedKeygenResult(context, sessionKey, partIndex, message, abort));
  }

  /** A key generation that ends in a ban leaves no key, hence no pairwise state to ban. */
  protected onBans(): boolean {
    return true;
  }

  protected recordFields(): Pick<SessionRecord, 'address' | 'digest' | 'signature'> {
    return { address: this.#address, digest: null, signature: null };
  }
}

/** Checks an invitation against what this agent knows by itself; gives all holders with their pins. */
function checkInvite(context: CeremonyContext, invite: KeygenInvite): readonly Holder[] {
  const { threshold, total_parts: parties, part_index: index } = invite;
  const participants = invite.participants.map((name) => name.normalize('NFC'));
  refuseUnless(participants.length === parties, 'invalid_invite', 'participants and total differ');
  refuseUnless(new Set(participants).size === parties, 'invalid_invite', 'a person twice');
  refuseUnless(threshold >= 2 && threshold <= parties, 'invalid_invite', 'threshold out of range');
  refuseUnless(participants[index - 1] === context.username, 'invalid_invite', 'not our index');
  checkChipName(context, invite.se_id);
  const holders = participants.map((username, at) => {
    const pinned = context.state.pins.find(username);
    refuseUnless(pinned !== undefined, 'not_in_roster', `no chip is pinned for ${username}`);
    return { part_index: at + 1, username, chip_public_key: toHex(pinned) };
  });
  const own = holders[index - 1]?.chip_public_key;
  refuseUnless(
    own === toHex(context.chip.publicKey),
    'chip_mismatch',
    'our chip is not the pinned',
  );
  const chips = new Set(holders.map((holder) => holder.chip_public_key));
  refuseUnless(chips.size === parties, 'chip_mismatch', 'one chip for two participants');
  return holders;
}

/** The registry's name of our chip, where the configuration pins it. */
export function checkChipName(context: CeremonyContext, seId: string): void {
  const right = context.seId === undefined || context.seId === seId;
  refuseUnless(right, 'chip_mismatch', 'the invitation is for another chip');
}
