/**
 * Signing at one participant (docs/spec/wire.md §6).
 */
import { chipFingerprint, fromHex, payloadHash, shortFingerprint, toHex } from '@quorate/intent';
import { deriveSessionId } from '@quorate/tss';
import type { Abort, ChipAuthorisation, SignComplete, SignInvite, SignParams } from '@quorate/wire';
import { messageOf } from '../../errors.ts';
import { LAST_SIGN_ROUND, type SessionAbort } from '../../protocol/orders.ts';
import { type SessionRecord, sessionFileName } from '../../records/sessionRecords.ts';
import type { SessionEvent } from '../../protocol/pool.ts';
import { Ceremony } from '../session.ts';
import { certifySession, hashIntent } from '../certificates.ts';
import type { CeremonyContext } from '../context.ts';
import type { CeremonyEnd } from '../life.ts';
import { Refusal, refuseUnless } from '../refusal.ts';
import { ReleaseDesk } from '../release.ts';
import { failedSignResult, goodSignResult, isSignatureOf } from './result.ts';
import { type Agreement, checkBans, checkSignInvite, expectedKeyshare } from './checks.ts';

/** One signature. */
export class SignCeremony extends Ceremony {
  readonly kind = 'sign';
  readonly #invite: SignInvite;
  readonly #release: ReleaseDesk;
  #agreement: Agreement | undefined;
  #challenge: string | undefined;
  #signature: string | null = null;

  constructor(context: CeremonyContext, invite: SignInvite) {
    super(context, invite.session_key, invite.part_index);
    this.#invite = invite;
    this.#release = new ReleaseDesk(
      this.context,
      this.sessionKey,
      this.partIndex,
      this.life.signal,
    );
  }

  /** Acts on parameters only if they are those that were accepted (1.9.9). */
  receiveParams(params: SignParams): void {
    this.onParams(() => this.#start(params));
  }

  /** A fresh authorisation for a challenge that was renewed. */
  receiveAuthorisation(message: ChipAuthorisation): void {
    this.#release.receiveAuthorisation(message);
  }

  receiveComplete(complete: SignComplete): void {
    const agreement = this.#signature === null && complete.success ? this.#agreement : undefined;
    const adopted = agreement !== undefined && this.#adopt(complete.signature, agreement);
    this.settled = true;
    // The first result completes a signature: the others say that they have it too, or they count as silent.
    if (adopted && !this.isOver) {
      this.context.send(goodSignResult(this.sessionKey, this.partIndex, complete.signature));
    }
    if (this.isOver) return;
    if (this.#signature !== null) this.finish('completed', null);
    else this.endedByCoordinator(complete.message);
  }

  uses(address: string): boolean {
    return this.#agreement?.key.address === address;
  }

  involves(address: string, peers: readonly number[]): boolean {
    if (this.#agreement?.key.address !== address) return false;
    return this.#agreement.signers.some((signer) => peers.includes(signer.part_index));
  }

  protected override endState(): CeremonyEnd {
    if (this.#signature !== null) return 'completed';
    return this.sentRound >= LAST_SIGN_ROUND ? 'unknown_outcome' : 'failed';
  }

  /** Once the last round is out, a signature may exist: it is listened for, so that it is not lost. */
  protected override onExpired(): void {
    if (this.#signature !== null) return this.finish('completed', null);
    if (this.sentRound < LAST_SIGN_ROUND) return super.onExpired();
    this.listen();
  }

  protected async invited(): Promise<void> {
    const { context } = this;
    const invite = this.#invite;
    const agreement = checkSignInvite(context, invite);
    this.#agreement = agreement;
    const { key, signers, digest, payload } = agreement;
    const consented = await this.consented(
      {
        kind: 'sign',
        sessionKey: this.sessionKey,
        coordinator: invite.coordinator,
        address: key.address,
        digest,
        payload,
        display: invite.display ?? null,
        threshold: key.threshold,
        totalParts: key.total_parts,
        participants: signers.map((holder) => ({
          username: holder.username,
          partIndex: holder.part_index,
          fingerprint: shortFingerprint(chipFingerprint(fromHex(holder.chip_public_key))),
        })),
      },
      invite.expires_at,
    );
    if (!consented) return;
    const intent = hashIntent(
      {
        sessionKey: this.sessionKey,
        keyId: fromHex(key.key_id),
        epoch: key.epoch,
        threshold: key.threshold,
        signers: signers.map((holder) => holder.part_index),
        path: [],
        digest,
        payloadHash: payload === null ? null : payloadHash(payload),
        address: key.address,
      },
      key.holders,
    );
    const { bytes } = await this.certify(intent, key.key_id);
    this.#challenge = Buffer.from(await context.chip.challenge()).toString('base64');
    if (this.isOver) return;
    context.send({
      type: 'sign_response',
      session_key: this.sessionKey,
      part_index: this.partIndex,
      cpic: context.chip.cpic,
      accept: true,
      reason: '',
      session_certificate: Buffer.from(bytes).toString('base64'),
      chip_challenge: this.#challenge,
    });
  }

  async #start(params: SignParams): Promise<void> {
    const { context, certificate, partIndex, sessionKey } = this;
    const agreement = this.#agreement;
    if (!certificate || !agreement || this.#challenge === undefined) {
      throw new Refusal('not_accepted', 'parameters before our answer');
    }
    const { key, signers, digest } = agreement;
    this.#checkParams(params, agreement, this.#challenge);
    const { certificates, peers } = certifySession(params.peers, {
      operation: 'sign',
      sessionKey,
      intentHash: this.intentHash,
      signers,
      own: { index: partIndex, certificate: certificate.bytes },
      now: context.now(),
    });
    const sid = deriveSessionId(fromHex(key.key_id), certificates);
    this.sid = sid;
    this.certificates = certificates;
    const opener = await this.#release.release({
      address: key.address,
      certificate,
      digest,
      challenge: params.chip_challenge,
      signature: params.signature,
    });
    try {
      if (this.isOver) return;
      const bans = checkBans(context, key.address, signers);
      this.startProtocol((port) =>
        port.startSign({
          sid,
          index: partIndex,
          signers: signers.map((holder) => holder.part_index),
          digest,
          bans,
          peers,
          encryptedShard: Buffer.from(params.encrypted_shard, 'base64'),
          opener,
          expected: expectedKeyshare(key),
        }),
      );
    } finally {
      opener.fill(0);
    }
  }

  #checkParams(params: SignParams, { key, signers, digest }: Agreement, challenge: string): void {
    const parties = signers.map((holder) => holder.part_index).join(',');
    const same =
      params.part_index === this.partIndex &&
      params.parties === parties &&
      params.data === Buffer.from(digest).toString('base64') &&
      params.address.toLowerCase() === key.address.toLowerCase() &&
      params.record_id === key.record_id &&
      params.chip_challenge === challenge;
    refuseUnless(same, 'parameters_changed', 'other parameters than were accepted');
    const fileName = sessionFileName(this.sessionKey, this.partIndex);
    refuseUnless(params.filename === fileName, 'filename', `expected ${fileName}`);
  }

  protected onResult(event: SessionEvent): void {
    const agreement = this.#agreement;
    if (event.event !== 'signature' || !agreement) return;
    const v = event.signature[64];
    if (v !== 27 && v !== 28) return this.fail('unrepresentable_recovery_id');
    const signature = `0x${toHex(event.signature)}`;
    if (!this.#adopt(signature, agreement)) return this.fail('aborted: invalid-signature');
    this.writeRecord('completed', null);
    if (this.isListening) {
      // The record has it; nothing more is told, not by the next process either.
      this.settled = true;
      return this.finish('completed', null);
    }
    this.context.send(goodSignResult(this.sessionKey, this.partIndex, signature));
  }

  #adopt(signature: string, { digest, key }: Agreement): boolean {
    if (!isSignatureOf(signature, digest, key.address)) return false;
    this.#signature = signature;
    return true;
  }

  protected sendDecline(reason: string): void {
    this.context.send({
      type: 'sign_response',
      session_key: this.sessionKey,
      part_index: this.partIndex,
      cpic: this.context.chip.cpic,
      accept: false,
      reason,
    });
  }

  protected sendFailure(message: string, abort?: Abort): void {
    this.context.send(failedSignResult(this.sessionKey, this.partIndex, message, abort));
  }

  protected onBans(abort: SessionAbort): boolean {
    const { context, sessionKey: session_key } = this;
    if (!this.#agreement) return true;
    const { address } = this.#agreement.key;
    const at = context.now();
    const { bans: banned, reason } = abort;
    try {
      const bans = banned.map((part_index) => ({ part_index, session_key, reason, at }));
      context.state.keys.ban(address, bans);
    } catch (error) {
      const fields = { address, banned, session_key, error: messageOf(error) };
      context.logger.error(fields, 'a ban cannot be written; this agent stops using the key');
      context.stopKey(address, null);
      return false;
    }
    context.banned(address, banned, session_key);
    return true;
  }

  protected recordFields(): Pick<SessionRecord, 'address' | 'digest' | 'signature'> {
    return {
      address: this.#agreement?.key.address ?? null,
      digest: this.#agreement ? toHex(this.#agreement.digest) : null,
      signature: this.#signature,
    };
  }
}
