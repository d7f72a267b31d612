/**
 * Signing at one participant (docs/spec/wire.md §6).
 */
import { CERTIFICATE_TIMES, fromHex, payloadHash, toHex } from '@quorate/intent';
import {
  type Abort,
  type AcceptOf,
  CEREMONIES,
  type CompleteOf,
  type FailureOf,
  type InviteOf,
  type ParamsOf,
} from '@quorate/wire';
import type { ApprovalQuestionOf } from '../../approval/request.ts';
import type { ProtocolOutput } from '../../protocol/orders.ts';
import { type Holder, isLabelOf } from '../../records/keyRecord.ts';
import type { CommonRecord } from '../../records/commonRecord.ts';
import type { SessionRecord, SessionRecordOf } from '../../records/sessionRecords.ts';
import { hashIntent } from '../certificates.ts';
import type { Ceremony, Role, SessionControl } from '../ceremony.ts';
import { checkFileName } from '../checks.ts';
import type { CeremonyContext } from '../context.ts';
import { EXPIRED } from '../life.ts';
import { refuseUnless } from '../refusal.ts';
import { releaseOpener } from '../release.ts';
import { settleRecord } from '../settle.ts';
import { shown } from '../shown.ts';
import { type Agreement, checkBans, checkSignInvite, expectedKeyshare } from './checks.ts';
import { failedSignResult, goodSignResult, isSignatureOf } from './result.ts';

/** Signing. */
export const SIGN: Ceremony<'sign'> = {
  kind: 'sign',
  release: 'read',
  revealing: CEREMONIES.sign.rounds,
  agree: async (control, invite) => {
    const agreement = checkSignInvite(control.context, invite);
    return {
      question: questionOf(invite, agreement),
      role: new SignRole(control, agreement),
    };
  },
  decline: (answer) => ({ ...answer, type: 'sign_response' }),
  resume: () => [],
  lastWord: ({ now }, record, told) => {
    const { session_key, part_index, signature } = record;
    if (signature === null) return failedSignResult(session_key, part_index, told);
    // A coordinator that held this agent's result back must not get it from a restart.
    if (now() >= (record.not_after ?? record.updated_at + CERTIFICATE_TIMES.lifetime)) {
      return failedSignResult(session_key, part_index, `unknown_outcome: ${EXPIRED}`);
    }
    return goodSignResult(session_key, part_index, signature);
  },
  completedLate: (context, { session_key, success, signature }) =>
    settleRecord(context, session_key, (record) =>
      success && proves(context, record, signature)
        ? { ...record, signature, state: 'completed', reason: null }
        : record,
    ),
  failedElsewhere: () => undefined,
};

/** Whether a signature is the one that a session without one was about. */
function proves(
  { state }: CeremonyContext,
  record: SessionRecord,
  signature: string,
): record is SessionRecordOf<'sign'> {
  if (record.kind !== 'sign' || record.signature !== null) return false;
  const key = state.keys.find(record.key_id);
  return key !== undefined && isSignatureOf(signature, fromHex(record.digest), key.address);
}

function questionOf(
  { session_key, coordinator, display }: InviteOf<'sign'>,
  { key, signers, digest, payload }: Agreement,
): ApprovalQuestionOf<'sign'> {
  return {
    kind: 'sign',
    sessionKey: session_key,
    coordinator,
    address: key.address,
    digest,
    payload,
    display: display ?? null,
    threshold: key.threshold,
    totalParts: key.total_parts,
    participants: signers.map(shown),
  };
}

/** One signature. */
class SignRole implements Role<'sign'> {
  readonly intentHash: Uint8Array;
  readonly #control: SessionControl;
  readonly #agreement: Agreement;
  #challenge: string | undefined;
  #signature: string | null = null;
  /** Whether our result is being written, and told then. */
  #isTelling = false;

  constructor(control: SessionControl, agreement: Agreement) {
    this.#control = control;
    this.#agreement = agreement;
    const { key, signers, digest, payload } = agreement;
    this.intentHash = hashIntent(
      {
        sessionKey: control.sessionKey,
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
  }

  get signers(): readonly Holder[] {
    return this.#agreement.signers;
  }

  get keyId(): string {
    return this.#agreement.key.key_id;
  }

  get standing(): 'open' | 'completed' {
    return this.#signature === null ? 'open' : 'completed';
  }

  record(common: CommonRecord): SessionRecordOf<'sign'> {
    const { key, digest } = this.#agreement;
    const own = { key_id: key.key_id, digest: toHex(digest), signature: this.#signature };
    return { ...common, kind: 'sign', ...own };
  }

  async accept(session_certificate: string): Promise<AcceptOf<'sign'>> {
    const { context, sessionKey: session_key, partIndex: part_index } = this.#control;
    this.#challenge = await this.#control.challenge();
    const { cpic } = context.chip;
    const answer = { session_key, part_index, cpic, accept: true, reason: '' } as const;
    return {
      ...answer,
      type: 'sign_response',
      session_certificate,
      chip_challenge: this.#challenge,
    };
  }

  /** Acts on parameters only if they are those that were accepted (1.9.9). */
  async start(params: ParamsOf<'sign'>): Promise<void> {
    const control = this.#control;
    const { key, signers, digest } = this.#agreement;
    this.#checkParams(params);
    const { sid, peers } = control.checkCertificates(params.peers);
    const authorisation = { challenge: params.chip_challenge, signature: params.signature };
    // On disk with the count of the release.
    control.noteRunning();
    const opener = await releaseOpener(control, { keyId: key.key_id, digest }, authorisation);
    try {
      if (control.isOver) return;
      await control.startProtocol('sign', {
        sid,
        index: control.partIndex,
        signers: signers.map((holder) => holder.part_index),
        digest,
        bans: checkBans(control.context, key.key_id, signers),
        peers,
        encryptedShard: Buffer.from(params.encrypted_shard, 'base64'),
        opener,
        expected: expectedKeyshare(key),
      });
    } finally {
      opener.fill(0);
    }
  }

  take(output: ProtocolOutput): void {
    if (output.kind !== 'sign') throw new TypeError(`unreachable: a ${output.kind} of a signature`);
    const control = this.#control;
    const v = output.signature[64];
    if (v !== 27 && v !== 28) return control.fail('unrepresentable_recovery_id');
    const signature = `0x${toHex(output.signature)}`;
    if (!this.#adopt(signature)) return control.fail('aborted: invalid-signature');
    this.#isTelling = true;
    control.step(() => this.#tell(signature));
  }

  /** Tells the result once it is on disk. */
  async #tell(signature: string): Promise<void> {
    const control = this.#control;
    await control.keep('completed').finally(() => {
      this.#isTelling = false;
    });
    if (control.isOver) return;
    if (control.isListening) {
      // The record has it; this agent says no more, nor does its next process.
      control.settle();
      return control.finish('completed', null);
    }
    control.context.send(goodSignResult(control.sessionKey, control.partIndex, signature));
  }

  failure(message: string, abort?: Abort): FailureOf<'sign'> {
    return failedSignResult(this.#control.sessionKey, this.#control.partIndex, message, abort);
  }

  /** Answers the first result, which completes a signature: whoever does not confirm it counts as silent. */
  complete({ success, signature, message }: CompleteOf<'sign'>): void {
    const control = this.#control;
    const adopted = this.#signature === null && success && this.#adopt(signature);
    control.settle();
    const end = (): void => {
      if (adopted) {
        control.context.send(goodSignResult(control.sessionKey, control.partIndex, signature));
      }
      if (this.#signature !== null) control.finish('completed', null);
      else control.endByCoordinator(message);
    };
    // Our own result goes out first.
    if (this.#isTelling) control.step(async () => end());
    else end();
  }

  endedByCoordinator(): boolean {
    return true;
  }

  #checkParams(params: ParamsOf<'sign'>): void {
    const { key, signers, digest } = this.#agreement;
    const parties = signers.map((holder) => holder.part_index).join(',');
    const same =
      params.part_index === this.#control.partIndex &&
      params.parties === parties &&
      params.data === Buffer.from(digest).toString('base64') &&
      isLabelOf(key, params.address) &&
      params.record_id === key.record_id &&
      params.chip_challenge === this.#challenge;
    refuseUnless(same, 'parameters_changed', 'other parameters than were accepted');
    checkFileName(this.#control, params.filename);
  }

  #adopt(signature: string): boolean {
    const { digest, key } = this.#agreement;
    if (!isSignatureOf(signature, digest, key.address)) return false;
    this.#signature = signature;
    return true;
  }
}
