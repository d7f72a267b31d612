/**
 * Key generation at one participant (docs/spec/wire.md §5).
 */
import { addressOf, toHex } from '@quorate/intent';
import type { Abort, AcceptOf, CompleteOf, FailureOf, InviteOf, ParamsOf } from '@quorate/wire';
import type { ProtocolOutput } from '../../protocol/orders.ts';
import { type Holder, keyTagOf } from '../../records/keyRecord.ts';
import type { CommonRecord } from '../../records/commonRecord.ts';
import type { SessionRecordOf } from '../../records/sessionRecords.ts';
import type { Ceremony, Role, SessionControl } from '../ceremony.ts';
import { hashIntent } from '../certificates.ts';
import { checkFileName } from '../checks.ts';
import { refuseUnless } from '../refusal.ts';
import { settleRecord } from '../settle.ts';
import { shown } from '../shown.ts';
import { checkInvite } from './checks.ts';
import { completeKey, failedKeygenResult, orphanKey, reportOrphan } from './keyFate.ts';
import type { KeyOutput } from './protocol.ts';

/** Key generation. */
export const KEYGEN: Ceremony<'keygen'> = {
  kind: 'keygen',
  release: null,
  revealing: undefined,
  agree: async (control, invite) => {
    const { context } = control;
    const holders = checkInvite(context, invite);
    refuseUnless(await context.chip.hasRoom(), 'chip_full', 'our chip has no room for a record');
    const role = new KeygenRole(control, invite, holders);
    const question = {
      kind: 'keygen',
      sessionKey: control.sessionKey,
      coordinator: invite.coordinator,
      threshold: invite.threshold,
      totalParts: invite.total_parts,
      partIndex: control.partIndex,
      participants: holders.map(shown),
      intent: role.intentHash,
    } as const;
    return { question, role };
  },
  decline: (answer) => ({ ...answer, type: 'keygen_response' }),
  resume: () => [],
  lastWord: (context, { session_key, part_index }, told) =>
    failedKeygenResult(context, session_key, part_index, told),
  completedLate: (context, complete) => {
    settleRecord(context, complete.session_key);
    if (complete.success) completeKey(context, complete);
    else reportOrphan(context, complete.session_key);
  },
  failedElsewhere: reportOrphan,
};

/** One key generation. */
class KeygenRole implements Role<'keygen'> {
  readonly intentHash: Uint8Array;
  readonly signers: readonly Holder[];
  readonly keyId = null;
  readonly #control: SessionControl;
  readonly #invite: InviteOf<'keygen'>;
  /** The id of the key, once it is on disk. */
  #made: string | null = null;
  /** Whether the coordinator has our result, or will: then nothing is left to send, and nothing secret is held. */
  #answered = false;

  constructor(control: SessionControl, invite: InviteOf<'keygen'>, holders: readonly Holder[]) {
    this.#control = control;
    this.#invite = invite;
    this.signers = holders;
    this.intentHash = hashIntent(
      {
        sessionKey: control.sessionKey,
        keyId: new Uint8Array(32),
        epoch: 0,
        threshold: invite.threshold,
        signers: holders.map((holder) => holder.part_index),
        path: [],
        digest: null,
        payloadHash: null,
        address: null,
      },
      holders,
    );
  }

  get standing(): 'open' | 'answered' {
    return this.#answered ? 'answered' : 'open';
  }

  record(common: CommonRecord): SessionRecordOf<'keygen'> {
    return { ...common, kind: 'keygen', key_id: this.#made };
  }

  async accept(session_certificate: string): Promise<AcceptOf<'keygen'>> {
    const { context, sessionKey: session_key, partIndex: part_index } = this.#control;
    const { cpic } = context.chip;
    const answer = { session_key, part_index, cpic, accept: true, reason: '' } as const;
    return { ...answer, type: 'keygen_response', session_certificate };
  }

  /** Acts on parameters only if they are those that were accepted (1.9.9). */
  async start(params: ParamsOf<'keygen'>): Promise<void> {
    const control = this.#control;
    const { threshold, total_parts: parties } = this.#invite;
    const { partIndex: index } = control;
    const same =
      params.threshold === threshold &&
      params.total_parts === parties &&
      params.part_index === index;
    refuseUnless(same, 'parameters_changed', 'other parameters than were accepted');
    checkFileName(control, params.filename);
    const { sid, peers } = control.checkCertificates(params.peers);
    await control.startProtocol('keygen', { sid, threshold, parties, index, peers });
  }

  take(output: ProtocolOutput): void {
    if (output.kind !== 'keygen') throw new TypeError(`unreachable: a ${output.kind} of a keygen`);
    this.#control.step(
      () => this.#keep(output),
      () => output.opener.fill(0),
    );
  }

  failure(message: string, abort?: Abort): FailureOf<'keygen'> {
    const { context, sessionKey, partIndex } = this.#control;
    orphanKey(context, sessionKey);
    return failedKeygenResult(context, sessionKey, partIndex, message, abort);
  }

  /** Takes the coordinator's word on whether the key exists. */
  complete(complete: CompleteOf<'keygen'>): void {
    const control = this.#control;
    if (!complete.success) return control.endByCoordinator(complete.message);
    completeKey(control.context, complete);
    control.settle();
    control.finish(this.#made === null ? 'failed' : 'completed', null);
  }

  endedByCoordinator(): boolean {
    orphanKey(this.#control.context, this.#control.sessionKey);
    return true;
  }

  /**
   * Writes the record to disk before the chip has the opener, and tells nobody before the chip has it: after a
   * crash at any point either the key is complete here or its remains are known.
   */
  async #keep(output: KeyOutput): Promise<void> {
    const { context, sessionKey: session_key, partIndex: part_index } = this.#control;
    const { opener, address, algorithm } = output;
    const [public_key, record_id] = [toHex(output.publicKey), toHex(output.recordId)];
    const key_id = toHex(output.keyId);
    try {
      refuseUnless(address === addressOf(output.publicKey), 'internal_error', 'wrong address');
      context.state.keys.add({
        format: 'quorate-key/v3',
        key_id,
        algorithm,
        address,
        state: 'pending',
        session_key,
        public_key,
        record_id,
        epoch: 0,
        threshold: this.#invite.threshold,
        total_parts: this.#invite.total_parts,
        part_index,
        holders: this.signers,
        releases: { confirmed: 0, outstanding: 0 },
        bans: [],
      });
      this.#made = key_id;
      await context.chip.store(output.recordId, keyTagOf({ algorithm, address }), opener);
    } finally {
      opener.fill(0);
    }
    if (this.#control.isOver) return reportOrphan(context, session_key);
    context.send({
      type: 'keygen_result',
      session_key,
      part_index,
      address,
      cpic: context.chip.cpic,
      encrypted_shard: Buffer.from(output.encryptedShard).toString('base64'),
      success: true,
      message: '',
      public_key: `0x${public_key}`,
      record_id,
    });
    this.#answered = !this.#control.isOver;
  }
}
