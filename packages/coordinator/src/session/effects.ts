/** Carries out the effects of an event, in the transaction that stores it. */
import { fromBase64, fromHex, parseAddress } from '@quorate/intent';
import { createHash } from 'node:crypto';
import type { Abort, Language, ServerRound } from '@quorate/wire';
import type { Hub } from '../delivery/hub.ts';
import type { Outbox, Recipient } from '../delivery/outbox.ts';
import type { AuditEvent, AuditLog, Chips } from '../services.ts';
import type { Tx } from '../store/database.ts';
import { createKey, encryptedShardOf } from './keys.ts';
import {
  chipAuthorisationOf,
  completionOf,
  failureOf,
  inviteOf,
  keygenParamsOf,
  progressOf,
  signParamsOf,
} from './messages.ts';
import { noteOrphan } from './orphans.ts';
import { nameOf } from './reduce.ts';
import type { Effect, Outcome, Party, SessionState, SignTarget } from './types.ts';

/** What effects act on. */
export interface EffectContext {
  readonly outbox: Outbox;
  readonly hub: Hub;
  readonly chips: Chips;
  readonly audit: AuditLog;
  readonly language: Language;
}

/** The event's surroundings: when it happened, and the message that it was made from, for relaying. */
export interface Cause {
  readonly at: number;
  readonly round?: ServerRound;
}

/** Carries out effects in order. */
export async function perform(
  tx: Tx,
  context: EffectContext,
  state: SessionState,
  effects: readonly Effect[],
  cause: Cause,
): Promise<void> {
  const run = new Performance(tx, context, state, cause);
  for (const effect of effects) await run.perform(effect);
}

class Performance {
  readonly #tx: Tx;
  readonly #context: EffectContext;
  readonly #state: SessionState;
  readonly #cause: Cause;

  constructor(tx: Tx, context: EffectContext, state: SessionState, cause: Cause) {
    this.#tx = tx;
    this.#context = context;
    this.#state = state;
    this.#cause = cause;
  }

  async perform(effect: Effect): Promise<void> {
    switch (effect.type) {
      case 'invite':
        return this.#invite();
      case 'begin':
        return this.#begin();
      case 'relay':
        return this.#relay(effect.to);
      case 'renew':
        return this.#renew(effect.to, effect.challenge);
      case 'create-key':
        return this.#createKey();
      case 'orphan':
        return this.#orphan(effect);
      case 'tell-outcome':
        return this.#tellOutcome();
      case 'tell-progress':
        return this.#tellProgress();
    }
  }

  async #invite(): Promise<void> {
    for (const party of this.#state.parties) {
      await this.#toParty(party.username, inviteOf(this.#state, party));
    }
    const invited = this.#state.parties.map(({ username }) => username);
    await this.#audit('session.invite', { participants: invited });
  }

  async #begin(): Promise<void> {
    const { target } = this.#state;
    for (const party of this.#state.parties) {
      const params =
        target === undefined
          ? keygenParamsOf(this.#state, party)
          : await this.#signParams(target, party);
      await this.#toParty(party.username, params);
    }
  }

  async #signParams(target: SignTarget, party: Party): Promise<object> {
    const shard = await encryptedShardOf(this.#tx, target.address, party.index);
    const challenge = this.#state.answers.get(party.index)?.challenge;
    if (shard === undefined || challenge === undefined) throw new Error('a signer without a shard');
    const signature = await this.#release(target, party, shard.record_id, challenge);
    return signParamsOf(this.#state, target, party, {
      signature,
      encryptedShard: shard.encrypted_shard,
      recordId: shard.record_id,
      challenge,
    });
  }

  /** The authorisation for one chip, one record, one session, one digest and one challenge. */
  async #release(
    target: SignTarget,
    party: Party,
    recordId: string,
    challenge: string,
  ): Promise<string> {
    const answer = this.#state.answers.get(party.index);
    if (answer === undefined) throw new Error('a release without a certificate');
    await this.#audit('chip.release', {
      participant: party.username,
      se_id: party.seId,
      record_id: recordId,
      digest: target.digest,
    });
    return this.#context.chips.authorise({
      operation: 'read',
      chipPublicKey: fromHex(party.chipPublicKey),
      recordId: fromHex(recordId),
      address: parseAddress(target.address),
      sessionHash: fromHex(answer.sessionHash),
      digest: fromHex(target.digest),
      challenge: fromBase64(challenge),
    });
  }

  async #relay(to: readonly number[]): Promise<void> {
    const { round } = this.#cause;
    if (round === undefined) return;
    for (const index of to) await this.#toParty(nameOf(this.#state, index), round);
  }

  async #renew(to: number, challenge: string): Promise<void> {
    const { target } = this.#state;
    const party = this.#state.parties.find(({ index }) => index === to);
    if (target === undefined || party === undefined) return;
    const shard = await encryptedShardOf(this.#tx, target.address, party.index);
    if (shard === undefined) throw new Error('a signer without a shard');
    const signature = await this.#release(target, party, shard.record_id, challenge);
    await this.#toParty(party.username, chipAuthorisationOf(this.#state, challenge, signature));
  }

  async #createKey(): Promise<void> {
    await createKey(this.#tx, this.#state);
    const { outcome } = this.#state;
    const address = outcome?.success === true ? outcome.address : '';
    await this.#audit('key.create', { address, threshold: this.#state.threshold });
  }

  async #orphan(effect: Extract<Effect, { type: 'orphan' }>): Promise<void> {
    const { from, record } = effect;
    const notice = await noteOrphan(this.#tx, this.#state, from, record, this.#cause.at);
    if (notice === undefined) return;
    const username = nameOf(this.#state, from);
    await this.#audit('session.orphan', { participant: username, record_id: record.recordId });
    // Not stored in the outbox: it is told anew at every register, until the record is gone.
    const { hub } = this.#context;
    this.#tx.onCommit(() => hub.tell({ username, role: 'participant' }, notice));
  }

  async #tellOutcome(): Promise<void> {
    const { outcome } = this.#state;
    if (outcome === undefined) return;
    await this.#context.outbox.sessionEnded(this.#tx, this.#state.sessionKey);
    const completion = completionOf(this.#state, outcome, this.#context.language);
    if (outcome.success) {
      for (const { username } of this.#state.parties) await this.#keep(username, completion);
      await this.#toCoordinator(completion);
      const missing = outcome.missing.map((index) => nameOf(this.#state, index));
      await this.#audit('session.complete', { address: outcome.address, missing });
      return;
    }
    const failure = failureOf(this.#state, outcome, this.#context.language);
    for (const { username } of this.#state.parties) await this.#keep(username, failure);
    await this.#toCoordinator(failure);
    await this.#toCoordinator(completion);
    const { code, details, concerned } = outcome;
    const names = concerned.map((index) => nameOf(this.#state, index));
    const blame = { ...blameOf(outcome.abort), ...this.#accusation(outcome) };
    await this.#audit('session.fail', { code, reason: details, concerned: names, ...blame });
  }

  /** Who is proven to be at fault, and who says what of whom without proof. */
  #accusation({ abort, claim }: Extract<Outcome, { success: false }>): AuditEvent['details'] {
    const names = (indexes: readonly number[]): string[] =>
      indexes.map((index) => nameOf(this.#state, index));
    return {
      ...(abort === undefined ? {} : { culprits: names(abort.culprits) }),
      ...(claim === undefined
        ? {}
        : { claimed: names(claim.culprits), claimed_by: nameOf(this.#state, claim.by) }),
    };
  }

  async #tellProgress(): Promise<void> {
    const { hub } = this.#context;
    const to = this.#coordinator();
    this.#tx.onCommit(() => hub.tellProgress(to, () => newsOf(this.#state)));
  }

  #coordinator(): Recipient {
    return { username: this.#state.coordinator, role: 'coordinator' };
  }

  #toCoordinator(message: object): Promise<void> {
    const now = this.#cause.at;
    return this.#context.outbox.send(this.#tx, this.#coordinator(), message, { now });
  }

  /** Sends what concerns a party only while the session goes on. */
  #toParty(username: string, message: object): Promise<void> {
    const during = this.#state.sessionKey;
    const to = { username, role: 'participant' } as const;
    return this.#context.outbox.send(this.#tx, to, message, { now: this.#cause.at, during });
  }

  /** Sends what a party has to know even when it comes back after the end. */
  #keep(username: string, message: object): Promise<void> {
    const to = { username, role: 'participant' } as const;
    return this.#context.outbox.send(this.#tx, to, message, { now: this.#cause.at });
  }

  #audit(action: string, details: AuditEvent['details']): Promise<void> {
    const outcome = action === 'session.fail' ? 'failed' : 'ok';
    return this.#context.audit.append(this.#tx, {
      at: this.#cause.at,
      actor: 'system',
      action,
      subject: this.#state.sessionKey,
      outcome,
      details: { kind: this.#state.kind, ...details },
    });
  }
}

/** Progress for a coordinator that is told of all of it: warnings come with the first message only. */
function newsOf(state: SessionState): object {
  const { warnings, ...news } = progressOf(state);
  const first = state.phase === 'inviting' && state.answers.size === 0;
  return first && warnings !== undefined ? { ...news, warnings } : news;
}

/** What the log keeps of a reported abort: the reason, and a hash of the evidence that came with it. */
function blameOf(abort: Abort | undefined): AuditEvent['details'] {
  if (abort === undefined) return {};
  const evidence = JSON.stringify(abort.evidence ?? []);
  const hash = createHash('sha256').update(evidence).digest('hex');
  return { abort_reason: abort.reason, abort_round: abort.round, evidence_hash: hash };
}
