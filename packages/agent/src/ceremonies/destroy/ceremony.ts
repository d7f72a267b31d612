/**
 * Destruction of a key at one participant, whose chip deletes its record (docs/spec/destroy.md). Consent, the
 * point of no return and the receipt are each on disk before anything follows from them, so that a destruction
 * goes on where it stopped.
 */
import { isForgotten } from '@quorate/holder';
import { fromBase64 } from '@quorate/intent';
import type { AcceptOf, CompleteOf, DeclineOf, FailureOf, ParamsOf } from '@quorate/wire';
import type { Holder, KeyDestruction, KeyRecord } from '../../records/keyRecord.ts';
import type { CommonRecord } from '../../records/commonRecord.ts';
import type { SessionRecordOf } from '../../records/sessionRecords.ts';
import type { Ceremony, DeclineFields, Resumable, Role, SessionControl } from '../ceremony.ts';
import type { CeremonyContext } from '../context.ts';
import { refuseUnless } from '../refusal.ts';
import { settleRecord } from '../settle.ts';
import { shown } from '../shown.ts';
import {
  checkDestroyInvite,
  checkDestroyParams,
  destroyIntent,
  isLive,
  partiesOf,
} from './checks.ts';
import { type Consented, deleteShard, refusalOf } from './deletion.ts';

/** The destruction of a key. */
export const DESTROY: Ceremony<'destroy'> = {
  kind: 'destroy',
  release: 'delete',
  revealing: undefined,
  agree: async (control, invite) => {
    const { key, parties, absent } = checkDestroyInvite(control.context, invite);
    const terms = {
      session_key: control.sessionKey,
      reason: invite.reason,
      parties: parties.map(({ part_index }) => part_index),
      holders: key.holders,
    };
    const question = {
      kind: 'destroy',
      sessionKey: control.sessionKey,
      coordinator: invite.coordinator,
      address: key.address,
      reason: invite.reason,
      threshold: key.threshold,
      totalParts: key.total_parts,
      partIndex: key.part_index,
      participants: parties.map(shown),
      absent: absent.map(shown),
    } as const;
    return { question, role: new DestroyRole(control, key, terms) };
  },
  decline,
  resume: (context) => context.state.keys.list().flatMap((key) => resumable(context, key)),
  lastWord: ({ chip }, { session_key, part_index }) =>
    decline({
      session_key,
      part_index,
      cpic: chip.cpic,
      accept: false,
      reason: 'session_key_used: this session key was answered before',
    }),
  completedLate: (context, { session_key }) => settleRecord(context, session_key),
  failedElsewhere: () => undefined,
};

/** The terms of a consent. */
type Terms = Pick<KeyDestruction, 'session_key' | 'reason' | 'parties'> & {
  /** All holders with their chips as they are at the consent. */
  readonly holders: readonly Holder[];
};

/** One destruction of a key. */
class DestroyRole implements Role<'destroy'> {
  readonly intentHash: Uint8Array;
  readonly signers: readonly Holder[];
  readonly keyId: string;
  readonly #control: SessionControl;
  readonly #terms: Terms;

  constructor(control: SessionControl, key: KeyRecord, terms: Terms) {
    this.#control = control;
    this.#terms = terms;
    this.keyId = key.key_id;
    this.intentHash = destroyIntent(key, terms);
    this.signers = partiesOf(terms);
  }

  get standing(): 'open' | 'completed' {
    return this.#consented?.destruction.settled === true ? 'completed' : 'open';
  }

  record(common: CommonRecord): SessionRecordOf<'destroy'> {
    return { ...common, kind: 'destroy', key_id: this.keyId };
  }

  /** Writes the consent to disk before the coordinator has it: nobody gives it twice or loses it. */
  async accept(certificate: string): Promise<AcceptOf<'destroy'>> {
    const control = this.#control;
    const { context } = control;
    const challenge = await control.challenge();
    refuseUnless(!control.isOver, 'aborted', 'the session ended');
    const destruction: KeyDestruction = {
      ...this.#terms,
      certificate,
      challenge,
      consented_at: context.now(),
      receipt: null,
      settled: false,
    };
    const key = context.state.keys.update(this.keyId, (record) => {
      refuseUnless(isLive(record), 'wrong_state', `the key is ${record.state} here`);
      return { ...record, destruction };
    });
    control.endure();
    return consentOf(context, { ...key, destruction });
  }

  /** The point of no return, if everybody has consented; and every further attempt. */
  async start(params: ParamsOf<'destroy'>): Promise<void> {
    const control = this.#control;
    const { exclusive } = control.context;
    // Not beside a release: its findings about the key must not overwrite the next steps.
    await exclusive(this.keyId, async () => {
      const key = this.#consented;
      refuseUnless(key !== undefined, 'not_accepted', 'parameters without a consent');
      if (isLive(key)) this.#begin(key, params);
    });
    const first = { challenge: params.chip_challenge, signature: params.signature };
    await control.withAuthorisation(first, {
      // One attempt at a time for each key, never beside a release of it.
      attempt: (authorisation, spent) =>
        exclusive(this.keyId, async () => {
          const key = this.#consented;
          if (key === undefined) return;
          const receipt =
            key.destruction.receipt ?? (await deleteShard(control, key, authorisation, spent));
          control.context.send(receiptOf(key, receipt));
        }),
      mayRenew: isForgotten,
      refusal: refusalOf,
    });
  }

  take(): void {
    throw new TypeError('unreachable: a destruction has no protocol');
  }

  /** Declines before the consent, when nothing is deleted; after it the coordinator waits on and sends parameters again. */
  failure(message: string): FailureOf<'destroy'> | DeclineOf<'destroy'> {
    const { context, sessionKey: session_key, partIndex: part_index } = this.#control;
    if (this.#consented !== undefined) {
      return { type: 'destroy_result', session_key, part_index, success: false, message };
    }
    const { cpic } = context.chip;
    return decline({ session_key, part_index, cpic, accept: false, reason: message });
  }

  /** Notes that everybody has answered. */
  complete({ success }: CompleteOf<'destroy'>): void {
    const key = this.#consented;
    if (!success || key === undefined || key.destruction.receipt === null) return;
    const destruction = { ...key.destruction, settled: true };
    this.#control.context.state.keys.update(this.keyId, (record) => ({ ...record, destruction }));
  }

  /** Takes a consent back: nobody destroys anything. After the point of no return the session goes on. */
  endedByCoordinator(): boolean {
    const key = this.#consented;
    if (key === undefined) return true;
    if (!isLive(key)) return false;
    this.#control.context.state.keys.update(this.keyId, (record) => ({
      ...record,
      destruction: undefined,
    }));
    return true;
  }

  /** The key's record, once its destruction in this session was consented to. */
  get #consented(): Consented | undefined {
    const { context, sessionKey } = this.#control;
    const key = context.state.keys.find(this.keyId);
    return key?.destruction?.session_key === sessionKey
      ? { ...key, destruction: key.destruction }
      : undefined;
  }

  /** Everybody's chip has signed: from here on the key signs nothing, and only the deletion can follow. */
  #begin(key: Consented, params: ParamsOf<'destroy'>): void {
    const { context } = this.#control;
    checkDestroyParams(key, params);
    this.#control.checkCertificates(params.peers);
    context.state.keys.update(this.keyId, (record) => ({ ...record, state: 'destroying' }));
    context.stopKey(this.keyId, 'key_destroying: everybody consented to its destruction');
  }
}

function decline(answer: DeclineFields): DeclineOf<'destroy'> {
  return { ...answer, type: 'destroy_response' };
}

/** The answer that consents: the same bytes after every restart. */
function consentOf(
  { chip }: CeremonyContext,
  { part_index, destruction }: Consented,
): AcceptOf<'destroy'> {
  return {
    type: 'destroy_response',
    session_key: destruction.session_key,
    part_index,
    cpic: chip.cpic,
    accept: true,
    reason: '',
    session_certificate: destruction.certificate,
    chip_challenge: destruction.challenge,
  };
}

function receiptOf({ part_index, destruction }: Consented, receipt: string) {
  const { session_key } = destruction;
  const result = { type: 'destroy_result', session_key, part_index, success: true } as const;
  return { ...result, receipt, message: '' };
}

/** Resumes a destruction, and repeats the answer that the coordinator may not have heard. */
function resumable(context: CeremonyContext, key: KeyRecord): Resumable<'destroy'>[] {
  const { destruction } = key;
  if (destruction === undefined) return [];
  const consented = { ...key, destruction };
  const { receipt, settled } = destruction;
  const again = (): Resumable<'destroy'>['again'] => {
    if (settled) return null;
    if (receipt !== null) return receiptOf(consented, receipt);
    return key.state === 'destroying' ? null : consentOf(context, consented);
  };
  return [
    {
      sessionKey: destruction.session_key,
      partIndex: key.part_index,
      certificate: fromBase64(destruction.certificate),
      // Earlier records have the key's own holders.
      role: (control) =>
        new DestroyRole(control, key, {
          ...destruction,
          holders: destruction.holders ?? key.holders,
        }),
      again: again(),
    },
  ];
}
